import ArgumentParser
import Foundation
import Overtile

struct InspectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Show what a model is: network, bands, classes, margin, stride, cost.",
        discussion: """
            The keys of --json:
              model         the file
              family        what kind of network it is
              network       levels, widths, upsampling, normalisation
              wiring        for a network that was found by its shapes: a line for each level
              assumptions   what the tensors leave open: key, the value taken, the choices, and
                            the source: given, scene, evidence (norms, modules) or default
              parameters    how many numbers the model holds
              bands         bands of the scene that the model takes
              outputs       bands of --probabilities: 1 is a sigmoid, more are a softmax, unless task
                            is multilabel (a sigmoid each) or regression (values)
              classes       values of the mask
              stride        positions of tiles differ by multiples of this, in pixels
              margin        pixels that are needed on each side of an output pixel; absent for fixed tiles
              smallestTile  side of the smallest tile, in pixels; absent for fixed tiles
              tileRemainder remainder of a tile's side divided by the stride
              onlyTile      side of the only tile that the network takes, in pixels; absent if it takes others
              flopPerPixel  multiplications and additions for a pixel of the scene, without overlap
              seamless      whether tiles fit together without seams; if not, reason says why
              leftOut       tensors of the file that belong to no layer of the network
              otherNetworks other networks in the file, which --key chooses
              description   what the model file and its STAC item say, each value with its source:
                            bands, scaling, tile, overlap (percent), resolution (metres), classes,
                            activation, task, threshold, nodata; and what of it cannot be followed:
                            refusals, warnings

            With --scene, also what the model is given of that scene, and how each usual scaling of its pixels fits \
            what the network's batch norms remember of its training: the mean over the norms' channels of the \
            Kullback-Leibler divergence of what they are given from what they remember, 0 to 50. Below 0.3 it fits. \
            In --json it is under feed. What the scene shows of a network that was found by its shapes is taken.

            If the network of a file is not known, its tensors are summed up by module, and the exit code is 65.
            """)

    @Argument(
        help: "The trained network: an ONNX model, a PyTorch checkpoint (.pth, .pt, .ckpt) or safetensors.",
        completion: .models)
    var model: String

    @Flag(help: "List the tensors of the file, whether its network is known or not.")
    var tensors = false

    @Option(
        help: ArgumentHelp(
            """
            Also tell what the model is given of this scene, and how it fits the network's memory of its training.
            """, valueName: "path"), completion: .files)
    var scene: String?

    @Flag(help: "Print JSON.")
    var json = false

    @OptionGroup(title: "Network") var choices: ModelChoices
    @OptionGroup(title: "Input, with --scene") var input: InputOptions
    @OptionGroup(title: "Input, with --scene") var resolution: ResolutionOptions

    func run() throws {
        if tensors { return try printTensors() }
        do {
            let model = try load()
            var report = ModelReport(model)
            report.feed = try scene.map { try feed(of: $0, model) }
            let table = report.feed.map {
                ["", Text.table($0.rows, fitting: Console.resultWidth)] + ($0.hypotheses.isEmpty ? [] : ["", $0.table])
            }
            try Console.print(
                json ? JSONText.encode(report) : ([report.table] + (table ?? [])).joined(separator: "\n"), isJSON: json)
        } catch let error as ArchitectureError {
            if !json { try Console.print(tensorReport().summary) }
            throw error
        }
    }

    private func load() throws -> Model {
        guard let scene else { return try choices.load(model) }
        return try choices.load(model, for: [scene], as: feedOptions)
    }

    private var feedOptions: SegmentationOptions {
        var options = SegmentationOptions()
        input.apply(to: &options)
        resolution.apply(to: &options)
        // What the outputs mean changes nothing of what the model is given.
        options.activation = .logits
        options.task = .segmentation
        return options
    }

    private func feed(of path: String, _ model: Model) throws -> FeedSummary {
        let options = feedOptions
        let scene = try options.open(scene: path, for: model)
        let planner = try Planner(
            scene: scene, model: model, options: options)
        return FeedSummary(try planner.feedReport(isComplete: true))
    }

    private func tensorReport() throws -> TensorReport { TensorReport(try ModelTensors(path: model, key: choices.key)) }

    private func printTensors() throws {
        let report = try tensorReport()
        try Console.print(json ? JSONText.encode(report.tensors) : report.table, isJSON: json)
    }
}

/// The facts that `inspect` prints about a model.
struct ModelReport: Encodable {
    let model: String
    let family: String
    let network: String
    let wiring: [String]
    let assumptions: [AssumptionReport]
    let parameters: Int
    let bands: Int
    let outputs: Int
    let classes: Int
    let stride: Int
    let margin: Int?
    let tileRemainder: Int
    let smallestTile: Int?
    let onlyTile: Int?
    let flopPerPixel: Double
    let seamless: Bool
    let reason: String?
    let leftOut: [String]
    let otherNetworks: [String]
    let description: DescriptionReport
    var feed: FeedSummary?

    init(_ model: Model) {
        let network = model.network
        self.model = model.path
        family = model.family
        self.network = model.summary
        wiring = model.wiring
        assumptions = model.assumptions.map(AssumptionReport.init)
        parameters = model.parameterCount
        bands = model.bands
        outputs = model.outputChannels
        classes = model.classCount
        stride = network.stride
        tileRemainder = network.tileRemainder
        switch network {
        case .seamless(let network):
            margin = network.margin
            smallestTile = network.tile(forStep: network.stride)
        case .fixedTiles:
            margin = nil
            smallestTile = nil
        }
        onlyTile = network.onlyTile
        flopPerPixel = network.operationsPerPixel(tile: onlyTile ?? 512 / stride * stride + tileRemainder)
        reason = network.seam
        seamless = reason == nil
        leftOut = model.tensors.leftOut
        otherNetworks = model.tensors.otherNetworks
        description = DescriptionReport(model.description)
    }

    private var classesText: String {
        if description.task?.value == ModelTask.regression.rawValue { return "none: \(Text.counted(outputs, "value"))" }
        if outputs == 1 { return "2, by a sigmoid" }
        let isMultilabel = description.task?.value == ModelTask.multilabel.rawValue
        return isMultilabel ? "\(outputs), each by a sigmoid" : "\(classes), by a softmax"
    }

    var table: String {
        var rows = [
            ("Model", model),
            ("Network", "\(family): \(network)"),
        ]
        for line in wiring { rows.append(("Wiring", line)) }
        for assumption in assumptions { rows.append(("Assumed", assumption.text)) }
        rows += [
            ("Parameters", Text.grouped(parameters)),
            ("Bands", "\(bands)"),
            ("Classes", classesText),
            ("Stride", "\(stride) pixels"),
        ]
        if let margin, let smallestTile {
            let tiles = (0..<3).map { String(smallestTile + $0 * stride) }.joined(separator: ", ")
            rows.append(("Margin", "\(margin) pixels on each side"))
            rows.append(("Tile sizes", "\(tiles), … in steps of \(stride)"))
        } else if let onlyTile {
            rows.append(("Tile sizes", "\(onlyTile), which the file fixes"))
        } else {
            rows.append(("Tile sizes", "multiples of \(stride)" + (tileRemainder > 0 ? " plus \(tileRemainder)" : "")))
        }
        rows.append(("Cost", "\(Text.number(flopPerPixel)) FLOP per pixel, overlap not counted"))
        rows.append(("Seamless", reason.map { "no: \($0)" } ?? "yes"))
        if !leftOut.isEmpty { rows.append(("Left out", list(leftOut) + ", which belong to no layer of it")) }
        if !otherNetworks.isEmpty { rows.append(("Others", list(otherNetworks) + ", which --key chooses")) }
        return Text.table(rows + description.rows, fitting: Console.resultWidth)
    }
}

/// The facts that `inspect` prints about something that the tensors leave open.
struct AssumptionReport: Encodable {
    let key: String
    let value: String
    let choices: String
    let source: String

    init(_ assumption: Assumption) {
        key = assumption.key.rawValue
        value = assumption.value
        choices = assumption.choices
        source = assumption.origin.rawValue
    }

    var text: String {
        let origin =
            switch source {
            case "given": "as given"
            case "scene": "as the scene shows"
            case "evidence": "as the file shows"
            default: "the default"
            }
        return "\(key)=\(value), \(origin); --assume takes \(choices)"
    }
}

/// Returns the first names of a list, with the number of all if there are more.
private func list(_ names: [String]) -> String {
    let most = 6
    return names.prefix(most).joined(separator: ", ")
        + (names.count > most ? " and others, \(Text.grouped(names.count)) in all" : "")
}

/// What `inspect` prints about the tensors of a file, whether its network is known or not.
struct TensorReport {
    struct Tensor: Encodable {
        let name: String
        let shape: [Int]
        let type: String
    }

    let tensors: [Tensor]

    init(_ contents: ModelTensors) {
        tensors = contents.entries.map { Tensor(name: $0.name, shape: $0.shape, type: $0.type) }
    }

    var table: String {
        Text.table(
            tensors.map { ($0.name, $0.type + " (" + $0.shape.map(String.init).joined(separator: ", ") + ")") },
            fitting: Console.resultWidth)
    }

    /// More lines than this do not fit a terminal with the reason below them.
    private static let mostLines = 20

    /// The tensors, or where there are many, a line for each module, as deep in the tree of modules as lines allow.
    var summary: String {
        guard tensors.count > Self.mostLines else { return table }
        var modules = sums(depth: 1)
        for depth in 2...Self.deepest {
            let deeper = sums(depth: depth)
            guard deeper.count <= Self.mostLines else { break }
            modules = deeper
        }
        let rows = modules.prefix(Self.mostLines).map { [$0.name, Text.grouped($0.tensors), Text.grouped($0.values)] }
        let rest =
            modules.count > Self.mostLines ? "and \(Text.counted(modules.count - Self.mostLines, "module")) more; " : ""
        return Text.columns(["MODULE", "TENSORS", "VALUES"], rows, numbers: [1, 2], fitting: Console.resultWidth)
            + "\n\(rest)--tensors lists all \(Text.grouped(tensors.count)) tensors"
    }

    private static let deepest = 8

    /// Sums the tensors up whose names have the same first words, in the order of the file.
    private func sums(depth: Int) -> [(name: String, tensors: Int, values: Int)] {
        var places: [String: Int] = [:]
        var sums: [(name: String, tensors: Int, values: Int)] = []
        for tensor in tensors {
            let words = tensor.name.split(separator: ".", omittingEmptySubsequences: false)
            let name = words.prefix(min(depth, max(1, words.count - 1))).joined(separator: ".")
            let place = places[name] ?? sums.count
            if place == sums.count {
                places[name] = place
                sums.append((name, 0, 0))
            }
            sums[place].tensors += 1
            sums[place].values &+= tensor.shape.reduce(1) { $0 &* $1 }
        }
        return sums
    }
}

enum JSONText {
    static func encode(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }
}
