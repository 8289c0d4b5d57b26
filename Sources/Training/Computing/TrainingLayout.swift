import COvertileKernels
import InferenceEngine
import NetworkGraph

/// A step's operations and memory, for as few equal parts of a batch as fit.
struct TrainingLayout {
    let program: ProgramBuilder
    let memory: TrainingMemory
    let crops: CropShape
    let parts: Int
    let scratchByteCount: Int
    let byteCount: Int
    let heldByteCount: Int

    init(
        _ network: TrainableNetwork, batch: CropShape, workers: Int, memory most: Int?, kernels: overtile_kernels
    ) throws(TrainingError) {
        for parts in 1...batch.count where batch.count % parts == 0 {
            let program = try ProgramBuilder(
                network, batch: batch.count / parts, height: batch.height, width: batch.width, kernels: kernels)
            let memory = TrainingMemory(program, batch: batch.count / parts)
            let scratch = program.operations.map(\.scratchByteCount).max() ?? 0
            let packed = program.operations.compactMap { ($0 as? any WeightedOperation)?.packedByteCount }
            let sums = parts > 1 ? network.store.gradients.count * MemoryLayout<Float>.stride : 0
            let held = packed.reduce(0, +) + sums
            let byteCount = memory.byteCount + workers * scratch + held
            if let most, byteCount > most {
                guard parts == batch.count else { continue }
                throw TrainingError(
                    "a step of one crop of \(batch.height) x \(batch.width) pixels needs \(byteCount >> 20) MiB of "
                        + "memory, and \(max(0, most) >> 20) MiB are left for it: give smaller crops, or more memory")
            }
            (self.program, self.memory, self.parts) = (program, memory, parts)
            crops = CropShape(count: batch.count / parts, height: batch.height, width: batch.width)
            (scratchByteCount, self.byteCount, heldByteCount) = (scratch, byteCount, held)
            return
        }
        throw TrainingError("a batch has one crop at least")
    }
}

/// Where the maps of a training step lie: those that never live together share their memory.
struct TrainingMemory {
    let values: [Int]
    let gradients: [Int?]
    let byteCount: Int

    init(_ program: ProgramBuilder, batch: Int) {
        let operations = program.operations
        // An operation runs forwards at its number, and backwards as long after the loss as it is in front of it.
        let loss = operations.count
        func after(_ index: Int) -> Int { 2 * loss - index }
        var producers = [Int: Int]()
        var readers = [Int: Int]()
        var (valueLives, gradientLives): ([ClosedRange<Int>], [ClosedRange<Int>?]) = ([], [])
        for (index, operation) in operations.enumerated() { producers[operation.result] = index }
        for map in program.maps.indices {
            let first = producers[map] ?? 0
            valueLives.append(first...first)
            gradientLives.append(nil)
        }
        func keep(_ map: Int, until time: Int) {
            valueLives[map] = valueLives[map].lowerBound...max(valueLives[map].upperBound, time)
        }
        for map in program.outputs {
            keep(map, until: loss)
            gradientLives[map] = loss...after(producers[map] ?? 0)
            readers[map, default: 0] += 1
        }
        for (index, operation) in operations.enumerated().reversed() {
            for map in operation.sources {
                keep(map, until: index)
                readers[map, default: 0] += 1
            }
            guard program.wanted.contains(operation.result) else { continue }
            for map in operation.gradientReads { keep(map, until: after(index)) }
            for map in operation.gradientWrites where gradientLives[map] == nil {
                gradientLives[map] = after(index)...after(producers[map] ?? 0)
            }
        }
        // A norm or an activation turns the gradient of its result into that of its source, where nobody else needs it.
        var owners = Array(program.maps.indices)
        for operation in operations.reversed() {
            let source = operation.sources[0]
            guard operation is NormOperation || operation is ActivationOperation, readers[source] == 1,
                let own = gradientLives[operation.result], let lives = gradientLives[source]
            else { continue }
            let owner = owners[operation.result]
            owners[source] = owner
            gradientLives[owner] = (gradientLives[owner] ?? own).lowerBound...lives.upperBound
        }
        var buffers: [ArenaPlan.Buffer] = []
        var places: [Int?] = Array(repeating: nil, count: program.maps.count)
        for map in program.maps.indices {
            let byteCount = batch * program.maps[map].count * MemoryLayout<Float>.stride
            buffers.append(ArenaPlan.Buffer(byteCount: byteCount, lifetime: valueLives[map]))
        }
        for map in program.maps.indices where owners[map] == map {
            guard let lifetime = gradientLives[map] else { continue }
            places[map] = buffers.count
            let byteCount = batch * program.maps[map].count * MemoryLayout<Float>.stride
            buffers.append(ArenaPlan.Buffer(byteCount: byteCount, lifetime: lifetime))
        }
        let plan = ArenaPlan(buffers)
        values = program.maps.indices.map { plan.offsets[$0] }
        gradients = owners.map { owner in places[owner].map { plan.offsets[$0] } }
        byteCount = plan.byteCount
    }
}
