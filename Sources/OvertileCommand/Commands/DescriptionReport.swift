import Overtile

/// The facts that `inspect` prints about the description of a model: each value with its source.
struct DescriptionReport: Encodable {
    struct Entry<Value: Encodable>: Encodable {
        let value: Value
        let source: String
    }

    struct Scaling: Encodable {
        let minimum: [Float]?
        let maximum: [Float]?
        let scale: [Float]?
        let offset: [Float]?
        let mean: [Float]?
        let std: [Float]?
    }

    struct Class: Encodable {
        let name: String
        /// The colour as "FF0000".
        let color: String?
    }

    let bands: Entry<[String]>?
    let scaling: Entry<Scaling>?
    let tile: Entry<Int>?
    let overlap: Entry<Double>?
    let resolution: Entry<Double>?
    let classes: Entry<[Class]>?
    let activation: Entry<String>?
    let task: Entry<String>?
    let threshold: Entry<Float>?
    let nodata: Entry<String>?
    let refusals: [String]
    let warnings: [String]
    let rows: [(String, String)]

    private enum CodingKeys: CodingKey {
        case bands, scaling, tile, overlap, resolution, classes, activation, task, threshold, nodata, refusals,
            warnings
    }

    init(_ description: ModelDescription) {
        func entry<Value, Shown: Encodable>(
            _ sourced: Sourced<Value>?, _ show: (Value) -> Shown
        ) -> Entry<Shown>? {
            sourced.map { Entry(value: show($0.value), source: $0.source) }
        }
        bands = entry(description.bands) { $0.map(\.text) }
        scaling = entry(description.scaling) {
            Scaling(
                minimum: $0.minimum, maximum: $0.maximum, scale: $0.scale, offset: $0.offset, mean: $0.mean, std: $0.std
            )
        }
        tile = entry(description.tile) { $0 }
        overlap = entry(description.overlap) { $0 }
        resolution = entry(description.resolution) { $0 }
        classes = entry(description.classes) { $0.map { Class(name: $0.name, color: $0.color?.hexadecimal) } }
        activation = entry(description.activation) { $0.rawValue }
        task = entry(description.task) { $0.rawValue }
        threshold = entry(description.threshold) { $0 }
        nodata = entry(description.nodata) { "\($0)" }
        refusals = description.refusals.values.sorted()
        warnings = description.warnings

        var rows: [(String, String)] = []
        func add<Value>(_ title: String, _ sourced: Sourced<Value>?, _ show: (Value) -> String) {
            if let sourced { rows.append((title, "\(show(sourced.value)) (\(sourced.source))")) }
        }
        add("Takes bands", description.bands) { $0.map(\.text).joined(separator: ", ") }
        add("Scaling", description.scaling, \.text)
        add("Trained on tiles", description.tile) { "\($0) pixels" }
        add("Overlap", description.overlap) { "\(Text.number($0, digits: 1)) %" }
        add("Resolution", description.resolution) { "\($0) m" }
        if description.resolution == nil { rows.append(("Resolution", "not stated: scenes are taken as they are")) }
        add("Class names", description.classes) { $0.map(\.name).joined(separator: ", ") }
        add("Class colours", description.classes.flatMap { $0.value.contains { $0.color != nil } ? $0 : nil }) {
            $0.map { $0.color.map(\.hexadecimal) ?? "none" }.joined(separator: ", ")
        }
        add("Outputs are", description.activation, \.rawValue)
        add("Task", description.task, \.rawValue)
        add("Threshold", description.threshold) { "\($0)" }
        add("No data", description.nodata) { "\($0)" }
        rows += description.refusals.values.sorted().map { ("Not followed", $0) }
        self.rows = rows
    }
}
