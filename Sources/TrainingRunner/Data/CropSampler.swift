import Dispatch
import Foundation
import RasterIO
import Synchronization
package import TileGeometry
package import Training

/// Draws crops where labels are, and changes them so that the network sees more than there is.
///
/// The crops of a step follow from the seed and the step's number alone. A training that goes on after a kill sees the same
/// crops as one that was not interrupted.
package final class CropSampler: Sendable {
    private let data: TrainingData
    private let shape: CropShape
    private let output: PixelSize
    private let options: TrainingOptions
    /// What paints over a class; nil for nothing.
    private let painter: PlasmaPainter?
    /// For each scene, the part whose labels are not learned from.
    private let hidden: [PixelWindow?]
    private let cells: [Cell]
    /// For each class, the sums of the cells' labelled pixels up to each cell; then those of all classes together, and of
    /// the pixels at borders between classes.
    private let sums: [[Double]]
    private let reading = Mutex(())

    /// A square of a scene in which labels are.
    private struct Cell {
        var scene: Int
        var window: PixelWindow
        var counts: [Int]
        /// The pixels beside one of another class.
        var borders: Int
    }

    /// The pixels of a cell on a side.
    private static let side = 32

    /// Prepares crops of one size.
    ///
    /// - Parameters:
    ///   - output: the size of the network's output for such crops, over the middle of which it lies.
    ///   - margin: labels are not learned from within so many pixels of what is held out.
    /// - Throws: `TrainingError` where nothing is left to learn from, a scene is smaller than a crop, or what shall be painted
    ///   over is no class.
    package init(
        _ data: TrainingData, shape: CropShape, output: PixelSize, margin: Int, options: TrainingOptions
    ) throws {
        self.data = data
        self.shape = shape
        self.output = output
        self.options = options
        painter = try options.augmentation.plasma.map { try PlasmaPainter($0, data) }
        let hidden = data.scenes.map { $0.hidden(margin: margin) }
        self.hidden = hidden
        var cells: [Cell] = []
        for (number, scene) in data.scenes.enumerated() where !scene.isForJudging {
            guard scene.size.width >= output.width, scene.size.height >= output.height else {
                throw TrainingError(
                    "\(scene.path) is \(scene.size.width) x \(scene.size.height) pixels, smaller than what a crop of "
                        + "\(shape.width) pixels gives, \(output.width): give a smaller --crop")
            }
            for y in stride(from: 0, to: scene.size.height, by: Self.side) {
                for x in stride(from: 0, to: scene.size.width, by: Self.side) {
                    let window = PixelWindow(x: x, y: y, width: Self.side, height: Self.side)
                        .intersection(PixelWindow(scene.size))
                    var counts = scene.counts(in: window, classes: data.classes.count)
                    var borders = scene.borders(in: window)
                    if let part = hidden[number]?.intersection(window), !part.isEmpty {
                        let others = scene.counts(in: part, classes: data.classes.count)
                        counts = zip(counts, others).map { $0 - $1 }
                        borders -= scene.borders(in: part)
                    }
                    if counts.contains(where: { $0 > 0 }) {
                        cells.append(Cell(scene: number, window: window, counts: counts, borders: borders))
                    }
                }
            }
        }
        guard !cells.isEmpty else {
            throw TrainingError("no label is left to learn from beside what is held out: give a smaller --validation")
        }
        self.cells = cells
        func running(_ weight: (Cell) -> Int) -> [Double] {
            var sum = 0.0
            return cells.map { cell in
                sum += Double(weight(cell))
                return sum
            }
        }
        sums =
            data.classes.indices.map { index in running { $0.counts[index] } }
            + [running { $0.counts.reduce(0, +) }, running { $0.borders }]
    }

    /// The labelled pixels that may be learned from.
    package var labelledPixels: Int { classPixels.reduce(0, +) }

    /// The labelled pixels of each class that may be learned from.
    package var classPixels: [Int] { sums.prefix(data.classes.count).map { Int($0.last ?? 0) } }

    /// Draws the crops of a step.
    ///
    /// - Throws: `RasterError` where a scene cannot be read.
    package func batch(step: Int) throws -> TrainingBatch {
        let (pixels, values) = (output.area, shape.height * shape.width * data.mean.count)
        let made = Mutex([Result<Crop, any Error>?](repeating: nil, count: shape.count))
        DispatchQueue.concurrentPerform(iterations: shape.count) { sample in
            let result = Result { try crop(step: step, sample: sample) }
            made.withLock { $0[sample] = result }
        }
        var batch = TrainingBatch(images: [], targets: [], weights: options.borderWeights.map { _ in [] })
        batch.images.reserveCapacity(values * shape.count)
        batch.targets.reserveCapacity(pixels * shape.count)
        for result in made.withLock({ $0 }) {
            let crop = try result!.get()
            batch.images += crop.image
            batch.targets += crop.targets
            if let weights = crop.weights { batch.weights? += weights }
        }
        return batch
    }

    private struct Crop {
        var image: [Float]
        var targets: [UInt8]
        var weights: [Float]?
    }

    private func crop(step: Int, sample: Int) throws -> Crop {
        var generator = TrainingGenerator(
            seed: options.seed &+ UInt64(truncatingIfNeeded: step) &* 0x9E6C_63D0_876A_68E5
                &+ UInt64(truncatingIfNeeded: sample) &* 0xC2B2_AE3D_27D4_EB4F)
        _ = generator.next()
        let cell = cells[draw(&generator)]
        let scene = data.scenes[cell.scene]
        // The pixel that the crop's middle falls on.
        let x = cell.window.x + Int(generator.uniform() * Double(cell.window.width))
        let y = cell.window.y + Int(generator.uniform() * Double(cell.window.height))
        let view = CropView(
            x: x - shape.width / 2, y: y - shape.height / 2, side: shape.width, augmentation: options.augmentation,
            generator: &generator)
        var image = try image(scene, view, &generator)
        let targets = targets(scene, hidden[cell.scene], view)
        if let painter, generator.uniform() < painter.share {
            painter.paint(
                &image, labels: labels(scene, hidden[cell.scene], view), side: shape.width, &generator)
        }
        let weights = options.borderWeights.map { border in
            border.weights(
                objects: BorderWeights.objects(ofMask: targets, width: output.width),
                classes: Array(repeating: 1, count: targets.count), width: output.width)
        }
        return Crop(image: image, targets: targets, weights: weights)
    }

    private func draw(_ generator: inout TrainingGenerator) -> Int {
        var row = data.classes.count
        switch options.draw {
        case .labels: break
        case .classes:
            let present = (0..<row).filter { sums[$0].last! > 0 }
            row = present[min(present.count - 1, Int(generator.uniform() * Double(present.count)))]
        case .borders:
            if generator.uniform() < 0.9, sums[row + 1].last! > 0 { row += 1 }
        }
        let target = generator.uniform() * sums[row].last!
        var (low, high) = (0, cells.count - 1)
        while low < high {
            let middle = (low + high) / 2
            if sums[row][middle] > target { high = middle } else { low = middle + 1 }
        }
        return low
    }

    /// The crop's pixels as the network takes them; those without data are 0, their band's mean.
    private func image(
        _ scene: LabelledScene, _ view: CropView, _ generator: inout TrainingGenerator
    ) throws -> [Float] {
        let (side, bands) = (shape.width, data.mean.count)
        let reach = view.reach
        let columns = Mirroring.axis(start: reach.x, length: reach.width, count: scene.size.width)
        let rows = Mirroring.axis(start: reach.y, length: reach.height, count: scene.size.height)
        let window = PixelWindow(
            x: columns.range.lowerBound, y: rows.range.lowerBound, width: columns.range.count, height: rows.range.count)
        // One thread at a time may read a scene's file.
        let samples =
            scene.isInMemory ? try scene.window(window) : try reading.withLock { _ in try scene.window(window) }
        func at(_ band: Int, _ x: Int, _ y: Int) -> Float {
            let column = columns.sources[min(max(0, x - reach.x), reach.width - 1)] - window.x
            let row = rows.sources[min(max(0, y - reach.y), reach.height - 1)] - window.y
            return samples[(band * window.height + row) * window.width + column]
        }
        var image = [Float](repeating: 0, count: bands * side * side)
        for band in 0..<bands {
            let (mean, std) = (Float(data.mean[band]), Float(data.std[band]))
            let change = Float(options.augmentation.intensity)
            let gain = 1 + change * Float(2 * generator.uniform() - 1)
            let shift = change * Float(2 * generator.uniform() - 1)
            for v in 0..<side {
                for u in 0..<side {
                    let place = view.source(u, v)
                    var value: Float
                    if view.isWhole {
                        value = at(band, Int(place.x), Int(place.y))
                    } else {
                        let (left, top) = (Int(floor(place.x)), Int(floor(place.y)))
                        let (a, b) = (Float(place.x) - Float(left), Float(place.y) - Float(top))
                        value =
                            (1 - b) * ((1 - a) * at(band, left, top) + a * at(band, left + 1, top))
                            + b * ((1 - a) * at(band, left, top + 1) + a * at(band, left + 1, top + 1))
                    }
                    value = (value - mean) / std * gain + shift
                    image[(band * side + v) * side + u] = value.isNaN ? 0 : value
                }
            }
        }
        return image
    }

    /// The labels of all of the crop's pixels, mirrored beyond the scene as these are; those that are hidden stay unknown.
    private func labels(_ scene: LabelledScene, _ hidden: PixelWindow?, _ view: CropView) -> [UInt8] {
        let side = shape.width
        return (0..<side * side).map { index in
            let place = view.source(index % side, index / side)
            let column = Mirroring.source(of: Int(place.x.rounded()), count: scene.size.width)
            let row = Mirroring.source(of: Int(place.y.rounded()), count: scene.size.height)
            if let hidden, hidden.contains(x: column, y: row) { return Loss.unlabelled }
            return scene.labels[row * scene.size.width + column]
        }
    }

    /// The labels under the middle of the crop; nothing beyond the scene is labelled, nor what is hidden.
    private func targets(_ scene: LabelledScene, _ hidden: PixelWindow?, _ view: CropView) -> [UInt8] {
        let (x, y) = ((shape.width - output.width) / 2, (shape.height - output.height) / 2)
        var targets = [UInt8](repeating: Loss.unlabelled, count: output.area)
        for v in 0..<output.height {
            for u in 0..<output.width {
                let place = view.source(x + u, y + v)
                let (column, row) = (Int(place.x.rounded()), Int(place.y.rounded()))
                guard (0..<scene.size.width).contains(column), (0..<scene.size.height).contains(row) else { continue }
                if let hidden, hidden.contains(x: column, y: row) { continue }
                targets[v * output.width + u] = scene.labels[row * scene.size.width + column]
            }
        }
        return targets
    }
}

extension LabelledScene {
    /// True if all pixels lie in memory.
    var isInMemory: Bool { pixels != nil }
}

extension PixelWindow {
    func contains(x: Int, y: Int) -> Bool { x >= self.x && x < maxX && y >= self.y && y < maxY }
}
