import Foundation
import MaskProducts
package import Models
import RasterIO
import Segmentation
import TileGeometry
import Training

/// The scenes and labels that a network learns from.
package final class TrainingData: Sendable {
    /// A scene and its truth, by their files.
    package struct Pair: Sendable {
        /// Any raster that GDAL opens.
        package var scene: String
        /// Where the classes of its pixels come from.
        package var truth: TruthSource

        /// A scene with its truth.
        package init(scene: String, truth: TruthSource) {
            self.scene = scene
            self.truth = truth
        }
    }

    /// The scenes, in the order in which they were named; those that are judged by alone come last.
    package let scenes: [LabelledScene]
    /// The names of the classes, from class 0 on.
    package let classes: [String]
    /// The colours of the classes on maps, as far as a user or a truth's palette says them.
    package let colors: [ClassDescription.Color?]
    /// The value of pixels without data, which the user gave or all scenes have in common; nil where there is none.
    package let nodata: Double?
    /// The names of the bands; empty where the scenes do not name them all alike.
    package let bandNames: [String]
    /// The mean of each band over all pixels with data.
    package let mean: [Double]
    /// The standard deviation of each band.
    package let std: [Double]
    /// The labelled pixels of each class in each scene.
    package let counts: [[Int]]
    /// The size of a pixel on the ground, in metres; nil where the scenes do not say.
    package let metresPerPixel: Double?
    /// Lines for the user.
    package let warnings: [String]

    /// Opens scenes and lays their truth over them.
    ///
    /// - Parameters:
    ///   - judges: scenes to judge by, of which nothing is learned. If there are any, nothing is held out of the others.
    ///   - bands: those that the network takes, counted from 1; nil for all but alpha.
    ///   - renamed: what classes of the truth are called in training; "none" leaves one out.
    ///   - colors: the colours of classes on maps; those that are missing are the truth's.
    ///   - validation: the part of each scene that is held out.
    ///   - memory: the bytes that pixels may take; scenes that do not fit are read by windows.
    /// - Throws: `RasterError`; `TrainingError` for scenes that do not go together, and for labels that teach nothing.
    package init(
        _ pairs: [Pair], judgedBy judges: [Pair] = [], bands: [Int]?, nodata: Double?, renamed: [String: String],
        colors: [String: ClassDescription.Color] = [:], validation: Double, memory: Int
    ) throws {
        var (readers, truths, warnings): ([RasterReader], [SceneTruth], [String]) = ([], [], [])
        for pair in pairs + judges {
            let reader = try RasterReader(path: pair.scene, nodata: nodata)
            let truth = try SceneTruth(pair.truth, on: reader, renamed: renamed)
            guard truth.numbers.contains(where: { $0 != Loss.unlabelled }) else {
                throw TrainingError(
                    "\(pair.truth.path) has no class at any pixel of \(pair.scene): look whether they lie on each other"
                )
            }
            readers.append(reader)
            truths.append(truth)
            warnings += truth.warnings
        }
        let classes = Self.order(Set(truths.flatMap(\.names)))
        guard classes.count > 1 else {
            throw TrainingError(
                "all labels are of one class, \(classes.first ?? ""): a network learns to tell at least two apart; say with "
                    + "--labelled-area where the background is")
        }
        warnings += Self.warnings(about: truths, classes: classes, renamed: renamed)
        if let unknown = colors.keys.filter({ !classes.contains($0) }).min() {
            throw TrainingError(
                "--colors \(unknown): there is no such class: the labels have \(classes.joined(separator: ", "))")
        }
        let chosen = try bands ?? Self.commonBands(readers)
        let scenes = try zip(readers, truths).map { reader, truth in
            try Self.check(chosen, of: reader)
            let indices = truth.names.map { UInt8(classes.firstIndex(of: $0)!) }
            let labels = truth.numbers.map { $0 == Loss.unlabelled ? $0 : indices[Int($0)] }
            let valid = try reader.withoutLabelsBesideData(labels, bands: chosen)
            guard valid.contains(where: { $0 != Loss.unlabelled }) else {
                throw TrainingError(
                    "\(reader.path) has no data at any pixel that has a class: look whether the truth lies on it, and whether "
                        + "its nodata value is right")
            }
            return LabelledScene(reader, bands: chosen, labels: valid)
        }
        if judges.isEmpty {
            for scene in scenes { scene.holdOut(validation, classes: classes.count) }
        } else {
            for scene in scenes[pairs.count...] { scene.heldOut = PixelWindow(scene.size) }
        }
        if scenes.reduce(0, { $0 + $1.pixelByteCount }) <= memory { for scene in scenes { try scene.load() } }
        self.scenes = scenes
        self.classes = classes
        self.colors = classes.map { name in colors[name] ?? truths.lazy.compactMap { $0.colors[name] }.first }
        self.nodata = nodata ?? Self.commonNodata(readers, bands: chosen)
        counts = scenes.map { $0.counts(in: PixelWindow($0.size), classes: classes.count) }
        for (index, name) in classes.enumerated() where counts.allSatisfy({ $0[index] == 0 }) {
            throw TrainingError(
                "the class \(name) has no pixel with data in any scene: leave it out with --map \(name)=none")
        }
        (mean, std) = try Self.statistics(Array(scenes[..<pairs.count]))
        let names = readers.map { reader in chosen.map { reader.bands[$0 - 1].name ?? "" } }
        let areAlike = names.allSatisfy { $0 == names[0] } && names[0].allSatisfy { !$0.isEmpty }
        bandNames = areAlike ? names[0] : []
        metresPerPixel = try Self.resolution(readers)
        self.warnings = warnings
    }

    /// The bytes that labels take, and pixels where they lie in memory.
    var byteCount: Int { scenes.reduce(0) { $0 + $1.labels.count + ($1.isInMemory ? $1.pixelByteCount : 0) } }

    /// The scenes that are learned from.
    package var learnedScenes: [LabelledScene] { scenes.filter { !$0.isForJudging } }

    /// Background first, numbers by their value, and then names by the alphabet.
    private static func order(_ names: Set<String>) -> [String] {
        names.sorted { one, two in
            if (one == SceneTruth.background) != (two == SceneTruth.background) { return one == SceneTruth.background }
            if let a = Double(one), let b = Double(two) { return a < b }
            return one < two
        }
    }

    /// Lines about what the user means to be there, and is not.
    private static func warnings(
        about truths: [SceneTruth], classes: [String], renamed: [String: String]
    ) -> [String] {
        let (ownNames, mentioned) = (
            truths.reduce(Set()) { $0.union($1.ownNames) }, truths.reduce(Set()) { $0.union($1.mentioned) }
        )
        let missing = mentioned.subtracting(classes).subtracting(["none"]).sorted()
        let needless = renamed.keys.filter { !ownNames.contains($0) }.sorted()
        return missing.map { "no polygon of the class \($0) lies on a scene: it is not learned" }
            + needless.map { "--map \($0)=\(renamed[$0]!): no truth has a class of that name, so it does nothing" }
    }

    private static func commonBands(_ readers: [RasterReader]) throws -> [Int] {
        let bands = readers.map { $0.bands.filter { !$0.isAlpha }.map(\.number) }
        if let odd = zip(readers, bands).first(where: { $0.1 != bands[0] }) {
            throw TrainingError(
                "\(readers[0].path) has \(bands[0].count) bands and \(odd.0.path) has \(odd.1.count): choose with --bands those "
                    + "that all have")
        }
        return bands[0]
    }

    private static func check(_ bands: [Int], of reader: RasterReader) throws {
        guard let missing = bands.first(where: { !(1...reader.bands.count).contains($0) }) else { return }
        throw TrainingError("\(reader.path) has no band \(missing): it has \(reader.bands.count)")
    }

    /// The value of pixels without data, where all bands of all scenes have the same.
    private static func commonNodata(_ readers: [RasterReader], bands: [Int]) -> Double? {
        let values = readers.flatMap { reader in bands.map { reader.bands[$0 - 1].nodata } }
        guard let first = values.first ?? nil, first.isFinite || first.isNaN else { return nil }
        return values.allSatisfy { $0 == first || $0?.isNaN == true && first.isNaN } ? first : nil
    }

    /// The colour that a class has on maps, one that is told apart from the others' where nobody says.
    func color(of number: Int) -> LegendEntry.Color {
        colors[number].map { LegendEntry.Color(red: $0.red, green: $0.green, blue: $0.blue) } ?? .distinct(number)
    }

    /// The pixels' size, where all scenes agree within a tenth.
    private static func resolution(_ readers: [RasterReader]) throws -> Double? {
        let sizes = readers.map { reader -> (path: String, metres: Double?) in
            (
                reader.path,
                GroundPixelSize(of: reader.spatialReference, size: reader.size).map {
                    ($0.width * $0.height).squareRoot()
                }
            )
        }
        guard let first = sizes[0].metres else { return nil }
        for (path, metres) in sizes {
            guard let metres else { return nil }
            guard abs(metres / first - 1) < 0.1 else {
                throw TrainingError(
                    "pixels of \(sizes[0].path) are \(Self.text(first)) m wide and those of \(path) \(Self.text(metres)) m: "
                        + "resample the scenes to one size first, as with gdalwarp -tr")
            }
        }
        return first
    }

    private static func text(_ metres: Double) -> String { "\((metres * 100).rounded() / 100)" }

    /// Mean and standard deviation of each band over all pixels with data, summed in double, row by row.
    private static func statistics(_ scenes: [LabelledScene]) throws -> (mean: [Double], std: [Double]) {
        let bands = scenes[0].bands.count
        var (sums, squares, counts) = (
            [Double](repeating: 0, count: bands), [Double](repeating: 0, count: bands),
            [Double](repeating: 0, count: bands)
        )
        // Sums of differences from the first value: of large values, squares would lose the small differences.
        var origins = [Double?](repeating: nil, count: bands)
        for scene in scenes {
            let rows = max(1, min(scene.size.height, (1 << 20) / scene.size.width))
            for y in stride(from: 0, to: scene.size.height, by: rows) {
                let window = PixelWindow(
                    x: 0, y: y, width: scene.size.width, height: min(rows, scene.size.height - y))
                let samples = try scene.window(window)
                let area = window.size.area
                for band in 0..<bands {
                    for sample in samples[band * area..<(band + 1) * area] where !sample.isNaN {
                        let origin = origins[band] ?? Double(sample)
                        origins[band] = origin
                        let difference = Double(sample) - origin
                        sums[band] += difference
                        squares[band] += difference * difference
                        counts[band] += 1
                    }
                }
            }
        }
        var (mean, std): ([Double], [Double]) = ([], [])
        for band in 0..<bands {
            guard counts[band] > 0, let origin = origins[band] else {
                throw TrainingError("band \(scenes[0].bands[band]) has no data in any scene")
            }
            let middle = sums[band] / counts[band]
            let variance = squares[band] / counts[band] - middle * middle
            guard variance > 0 else {
                throw TrainingError(
                    "band \(scenes[0].bands[band]) has the same value everywhere: choose others with --bands")
            }
            mean.append(origin + middle)
            std.append(variance.squareRoot())
        }
        return (mean, std)
    }
}

extension LabelledScene {
    /// A window inside the scene, from memory where it lies there: [bands][height][width].
    ///
    /// - Throws: `RasterError`.
    func window(_ window: PixelWindow) throws(RasterError) -> [Float] {
        guard let pixels else { return try read(window) }
        var result: [Float] = []
        result.reserveCapacity(bands.count * window.size.area)
        for band in bands.indices {
            for y in window.y..<window.maxY {
                let start = (band * size.height + y) * size.width + window.x
                result += pixels[start..<start + window.width]
            }
        }
        return result
    }
}
