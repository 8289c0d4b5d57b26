import COvertileKernels
import InferenceEngine

/// The memory of a training step and who works in it.
///
/// Values, gradients and scratch are planned once for a size of batch, and reused by each step.
final class TrainingRun: @unchecked Sendable {
    // @unchecked: operations run one after the other, and the parts that their workers share out write to different places.
    let workers: Workers
    let batch: Int
    let kernels: overtile_kernels
    let store: ParameterStore
    let maps: [StoredMap]
    /// The floats in front of each map's values, and gradients, for all samples; nil for gradients that nobody asks for.
    private let values: [Int]
    private let gradients: [Int?]
    private let arena: AlignedBuffer
    private let scratch: [AlignedBuffer]

    init(
        workers: Int, batch: Int, kernels: overtile_kernels, store: ParameterStore, maps: [StoredMap], values: [Int],
        gradients: [Int?], byteCount: Int, scratchByteCount: Int
    ) {
        self.workers = Workers(count: workers)
        self.batch = batch
        self.kernels = kernels
        self.store = store
        self.maps = maps
        self.values = values
        self.gradients = gradients
        arena = AlignedBuffer(byteCount: byteCount)
        scratch = (0..<workers).map { _ in AlignedBuffer(byteCount: scratchByteCount) }
    }

    /// The values of a sample's map.
    func values(_ map: Int, _ sample: Int) -> UnsafeMutablePointer<Float> {
        start(values[map] + sample * maps[map].count * MemoryLayout<Float>.stride)
    }

    /// The gradient of a sample's map.
    func gradient(_ map: Int, _ sample: Int) -> UnsafeMutablePointer<Float> {
        start(gradients[map]! + sample * maps[map].count * MemoryLayout<Float>.stride)
    }

    /// True if two maps' gradients are one.
    func sharesGradient(_ a: Int, _ b: Int) -> Bool { gradients[a] == gradients[b] }

    /// A worker's scratch.
    func scratch(_ worker: Int) -> UnsafeMutableRawPointer { scratch[worker].bytes.baseAddress! }

    /// Gives the memory of maps and scratch back to the system until it is used again.
    func releaseMemory() {
        arena.discard()
        for buffer in scratch { buffer.discard() }
    }

    /// Sets the gradient of a sample's map to zeros.
    func clearGradient(_ map: Int, _ sample: Int) {
        gradient(map, sample).update(repeating: 0, count: maps[map].count)
    }

    /// A plane of a window of a sample's map.
    func plane(_ plane: Int, of part: MapPart, _ sample: Int) -> overtile_plane {
        let map = maps[part.map]
        let first = values(part.map, sample) + plane * map.plane + part.top * map.row
        return overtile_plane(pixels: first + part.left * (map.isPlain ? 1 : StoredMap.block), row: map.row)
    }

    /// The planes of a view's windows, all parts one behind the other.
    func planes(of view: MapView, _ sample: Int) -> [overtile_plane] {
        view.parts.flatMap { part in (0..<maps[part.map].planes).map { plane($0, of: part, sample) } }
    }

    /// A plane of the gradient of a sample's map.
    func gradientPlane(_ plane: Int, of map: Int, _ sample: Int) -> overtile_plane {
        overtile_plane(pixels: gradient(map, sample) + plane * maps[map].plane, row: maps[map].row)
    }

    /// Where a kernel writes the gradient of a window.
    func target(of part: MapPart, _ sample: Int) -> overtile_target {
        let map = maps[part.map]
        return overtile_target(
            pixels: gradient(part.map, sample) + part.top * map.row + part.left * StoredMap.block, row: map.row,
            plane: map.plane)
    }

    private func start(_ byteOffset: Int) -> UnsafeMutablePointer<Float> {
        (arena.bytes.baseAddress! + byteOffset).assumingMemoryBound(to: Float.self)
    }
}
