import FileIO
import Foundation
import MaskProducts
import Models
import RasterIO
import Segmentation
import TileGeometry
import Training

/// The parts of what was held out, with what a network makes of each: those that it does worst and best on.
struct ValidationBlocks {
    let data: TrainingData
    let classes: [LegendEntry]

    /// A part of a scene's held out window, and how well it is told.
    struct Block {
        var scene: Int
        /// The part, in the scene's pixels.
        var window: PixelWindow
        /// The mean IoU over the classes that occur in it.
        var score: Double
        /// What the network says of each pixel, row by row; `Loss.unlabelled` where it says nothing.
        var mask: [UInt8]
    }

    /// Blocks have at most so many pixels on a side: as many as a page shows.
    private static let side = 256
    /// The blocks of each kind that are kept.
    private static let most = 3
    /// A block of which less is labelled says nothing.
    private static let leastShare = 0.02

    /// The worst blocks, the worst first.
    private(set) var worst: [Block] = []
    /// The best blocks that are not among the worst, the best first.
    private(set) var best: [Block] = []

    /// Runs a network over what is held out, by the ordinary way of a scene.
    ///
    /// - Parameters:
    ///   - folder: where masks may lie for a moment.
    /// - Throws: `RasterError`, `SegmentationError`, `EngineError`, `CancellationError`.
    init(
        _ data: TrainingData, classes: [LegendEntry], model: Model, workers: Int?, memory: Int?, folder: String,
        cancellation: Cancellation
    ) throws {
        self.data = data
        self.classes = classes
        let path = FileName.joined(folder, "mask.tif")
        for (number, scene) in data.scenes.enumerated() {
            guard let heldOut = scene.heldOut else { continue }
            var options = SegmentationOptions()
            options.bands = scene.bands.map { .number($0) }
            options.area = .pixels(x: heldOut.x, y: heldOut.y, width: heldOut.width, height: heldOut.height)
            (options.workers, options.memory, options.checksFeed) = (workers, memory, false)
            (options.resolution, options.overwrites) = (.native, true)
            let job = try SegmentationJob(scene: scene.reader, model: model, options: options)
            try job.run([.mask: path], cancellation: cancellation)
            let mask = try RasterReader(path: path)
            for part in Self.parts(of: heldOut.size) {
                let found = try mask.classes(in: part)
                let window = PixelWindow(
                    x: heldOut.x + part.x, y: heldOut.y + part.y, width: part.width, height: part.height)
                guard let score = score(scene, window, found) else { continue }
                keep(Block(scene: number, window: window, score: score, mask: found))
            }
        }
        // A block is one or the other; of few blocks, the worst half is the worst.
        let count = worst.count + best.filter { block in !worst.contains { $0.isSame(as: block) } }.count
        worst = Array(worst.prefix(max(1, min(Self.most, count / 2))))
        best = best.filter { block in !worst.contains { $0.isSame(as: block) } }
    }

    /// A window's parts, as equal as can be.
    private static func parts(of size: PixelSize) -> [PixelWindow] {
        func cuts(_ length: Int) -> [Range<Int>] {
            let count = (length + side - 1) / side
            return (0..<count).map { $0 * length / count..<($0 + 1) * length / count }
        }
        return cuts(size.height).flatMap { rows in
            cuts(size.width).map { columns in
                PixelWindow(x: columns.lowerBound, y: rows.lowerBound, width: columns.count, height: rows.count)
            }
        }
    }

    private func score(_ scene: LabelledScene, _ window: PixelWindow, _ found: [UInt8]) -> Double? {
        var counts = data.classes.map { _ in data.classes.map { _ in 0 } }
        for (place, taken) in found.enumerated() {
            let (row, column) = (window.y + place / window.width, window.x + place % window.width)
            let label = Int(scene.labels[row * scene.size.width + column])
            if label < data.classes.count, Int(taken) < data.classes.count { counts[label][Int(taken)] += 1 }
        }
        let matrix = Evaluation.ConfusionMatrix(counts)
        guard matrix.total > 0, Double(matrix.total) >= Self.leastShare * Double(window.size.area) else { return nil }
        return matrix.mean.iou
    }

    /// Keeps a block if it is among the worst or the best so far. Of equal ones, the first stays in front.
    private mutating func keep(_ block: Block) {
        func insert(_ blocks: inout [Block], _ isBefore: (Block, Block) -> Bool) {
            let place = blocks.firstIndex { isBefore(block, $0) } ?? blocks.count
            blocks.insert(block, at: place)
            // Twice as many as are shown, so that the best are not all among the worst.
            if blocks.count > 2 * Self.most { blocks.removeLast() }
        }
        insert(&worst) { $0.score < $1.score }
        insert(&best) { $0.score > $1.score }
    }

    /// The blocks of one kind with their pictures.
    ///
    /// - Throws: `RasterError`.
    func pictured(_ blocks: [Block]) throws -> [TrainingPage.Block] {
        try blocks.prefix(Self.most).map { block in
            let scene = data.scenes[block.scene]
            let (window, area) = (block.window, block.window.size.area)
            let samples = try scene.window(window)
            let shown = Self.shownBands(of: scene)
            let labels = (0..<area).map { place in
                scene.labels[(window.y + place / window.width) * scene.size.width + window.x + place % window.width]
            }
            let pictures = try BlockPictures(
                size: window.size, bands: shown.map { Array(samples[$0 * area..<($0 + 1) * area]) },
                range: shown.map { data.mean[$0] - 2 * data.std[$0]...data.mean[$0] + 2 * data.std[$0] },
                truth: labels, mask: block.mask, classes: classes)
            return TrainingPage.Block(
                place: "\(FileName.last(of: scene.path)), column \(window.x), row \(window.y)", meanIoU: block.score,
                pictures: pictures)
        }
    }

    /// Positions among the network's bands: red, green and blue where the scene says which these are, else the first three,
    /// or the first.
    private static func shownBands(of scene: LabelledScene) -> [Int] {
        let named = ["Red", "Green", "Blue"].compactMap { color in
            scene.bands.firstIndex { scene.reader.bands[$0 - 1].colorInterpretation == color }
        }
        if named.count == 3 { return named }
        return scene.bands.count >= 3 ? [0, 1, 2] : [0]
    }
}

extension ValidationBlocks.Block {
    fileprivate func isSame(as other: Self) -> Bool { scene == other.scene && window == other.window }
}

extension RasterReader {
    /// The classes in a window of a mask; `Loss.unlabelled` where there is no data.
    fileprivate func classes(in window: PixelWindow) throws(RasterError) -> [UInt8] {
        var samples = [Float](repeating: 0, count: window.size.area)
        var validity = [UInt8](repeating: 0, count: window.size.area)
        try samples.withUnsafeMutableBufferPointer { (samples) throws(RasterError) in
            try validity.withUnsafeMutableBufferPointer { (validity) throws(RasterError) in
                try read(window, bands: [1], into: samples, validity: validity)
            }
        }
        return samples.map { $0.isNaN ? Loss.unlabelled : UInt8($0) }
    }
}
