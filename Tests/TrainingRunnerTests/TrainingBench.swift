import Foundation
import RasterIO
import TestData
import TileGeometry
import Training

@testable import TrainingRunner

/// A folder with a scene of two bands in which a network can learn three kinds of stripes, and its truth.
final class TrainingBench {
    let folder: TemporaryFolder
    let scene: String
    let truth: String
    let (width, height) = (160, 96)

    /// The class of a pixel; nothing is said of the scene's left edge.
    static func label(_ x: Int, _ y: Int) -> UInt8? { x < 4 ? nil : UInt8((x / 12 + y / 20) % 3) }

    /// The scene's values: classes are told apart by both bands together, with some noise.
    static func value(_ band: Int, _ x: Int, _ y: Int) -> Float {
        let label = Int(label(x, y) ?? 0)
        let noise = (x * 7919 + y * 104_729 + band * 31) % 17
        let levels: [[Int]] = [[0, 300, 300], [0, 0, 300]]
        return Float(1000 + levels[band][label] + 3 * noise)
    }

    init() throws {
        folder = try TemporaryFolder()
        (scene, truth) = (folder.path("scene.tif"), folder.path("truth.tif"))
        try SyntheticScene.write(scene, width: width, height: height, bands: 2, type: .float32, value: Self.value)
        try SyntheticScene.write(truth, width: width, height: height, nodata: 255) { _, x, y in
            Self.label(x, y).map { Float($0) } ?? 255
        }
    }

    func data(validation: Double = 0.25, renamed: [String: String] = [:], memory: Int = 1 << 30) throws -> TrainingData
    {
        try TrainingData(
            [TrainingData.Pair(scene: scene, truth: TruthSource(path: truth))], bands: nil, nodata: nil,
            renamed: renamed, validation: validation, memory: memory)
    }

    /// A network of two levels, which a test can wait for.
    var options: TrainingOptions {
        var options = TrainingOptions()
        (options.levels, options.base, options.batch, options.epochs, options.steps) = (2, 8, 4, 6, 60)
        (options.rate, options.workers, options.overwrites, options.crop) = (5e-3, 2, true, 60)
        return options
    }
}
