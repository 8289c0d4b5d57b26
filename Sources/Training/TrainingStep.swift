import COvertileKernels
import InferenceEngine
import NetworkGraph

/// The size of a batch of crops.
package struct CropShape: Hashable, Sendable {
    /// The samples of a batch.
    package let count: Int
    /// The pixels of the network's input.
    package let height: Int
    package let width: Int

    /// So many crops of this size.
    package init(count: Int, height: Int, width: Int) {
        self.count = count
        self.height = height
        self.width = width
    }
}

/// A network with the memory and kernels for training it with batches of one size.
///
/// The same batches give the same bytes for any number of workers. Where a batch does not fit into memory, it is taken in
/// equal parts whose gradients are added up: each part counts by the weight of its labels, so that cross entropy is the
/// whole batch's. A batch norm sees the parts one by one, and soft Dice is their mean.
package final class TrainingStep: @unchecked Sendable {
    // @unchecked: one step at a time is run, by whoever owns it.
    private let network: TrainableNetwork
    /// The crops of a part.
    private let crops: CropShape
    private let loss: Loss
    private let run: TrainingRun
    private let operations: [any TrainingOperation]
    /// The operations that gradients go through, the last one first.
    private let backward: [any TrainingOperation]
    private let packings: [(operation: any WeightedOperation, packing: Int)]
    private let passes: [LossPass]
    /// The gradients of the parts so far; nil where a batch is one part.
    private let sums: FloatBuffer?

    /// The parts that a batch is taken in.
    package let parts: Int
    /// The bytes that a step takes: values, gradients and scratch, and the weights as kernels take them.
    package let byteCount: Int
    /// The bytes of these that are held between steps, after `releaseMemory`, too.
    package let heldByteCount: Int
    /// The pixels of the network's output, for which there are labels.
    package let outputHeight: Int
    package let outputWidth: Int

    /// Plans training with crops of one size.
    ///
    /// - Parameters:
    ///   - crops: those of a batch.
    ///   - loss: what is to become small; with several heads, the mean of theirs.
    ///   - workers: threads that share out each step.
    ///   - memory: the bytes that a step may take; a batch is taken in as few parts as fit. Nil for any number.
    ///   - instructionSet: the kernels' instruction set; nil for the processor's best.
    /// - Throws: `TrainingError` where the network cannot be trained, or not with crops of this size or in this memory.
    package init(
        _ network: TrainableNetwork, crops: CropShape, loss: Loss, workers: Int, memory: Int? = nil,
        instructionSet: String? = nil
    ) throws(TrainingError) {
        self.network = network
        self.loss = loss
        let kernels = try Self.kernels(instructionSet)
        let layout = try TrainingLayout(network, batch: crops, workers: workers, memory: memory, kernels: kernels)
        let program = layout.program
        self.crops = layout.crops
        parts = layout.parts
        (byteCount, heldByteCount) = (layout.byteCount, layout.heldByteCount)
        operations = program.operations
        backward = operations.reversed().filter { program.wanted.contains($0.result) }
        var written = Set(program.outputs)
        for operation in backward {
            operation.plan(adding: written.intersection(operation.gradientWrites))
            written.formUnion(operation.gradientWrites)
        }
        run = TrainingRun(
            workers: workers, batch: self.crops.count, kernels: kernels, store: network.store, maps: program.maps,
            values: layout.memory.values, gradients: layout.memory.gradients, byteCount: layout.memory.byteCount,
            scratchByteCount: layout.scratchByteCount)
        sums = parts > 1 ? FloatBuffer(count: network.store.values.count) : nil
        packings = operations.compactMap { $0 as? any WeightedOperation }.flatMap { operation in
            (0..<operation.packings).map { (operation, $0) }
        }
        let output = program.maps[program.outputs[0]]
        (outputHeight, outputWidth) = (output.height, output.width)
        let share = 1 / Double(program.outputs.count)
        passes = program.outputs.map { LossPass(loss: loss, map: $0, share: share) }
        if loss.kind == .binaryCrossEntropy, output.channels != 1 {
            throw TrainingError("binary cross entropy is for one output, and the network has \(output.channels)")
        }
        if loss.kind == .crossEntropy, output.channels == 1 {
            throw TrainingError("cross entropy is for two outputs at least: take binary cross entropy for one")
        }
        if let weights = loss.classWeights, loss.kind == .crossEntropy, weights.count != output.channels {
            throw TrainingError("\(weights.count) class weights do not go with \(output.channels) classes")
        }
    }

    /// The instruction sets of this processor for which there are kernels, fastest first; the last is plain C.
    package static var instructionSets: [String] { tables.map { String(cString: $0.name) } }

    private static var tables: [overtile_kernels] {
        var next = overtile_kernel_sets()!
        var tables: [overtile_kernels] = []
        while let table = next.pointee {
            tables.append(table.pointee)
            next += 1
        }
        return tables
    }

    private static func kernels(_ instructionSet: String?) throws(TrainingError) -> overtile_kernels {
        let table = tables.first { instructionSet == nil || String(cString: $0.name) == instructionSet }
        guard let table else {
            throw TrainingError(
                "there is no instruction set \(instructionSet ?? ""): this processor has \(instructionSets.joined(separator: ", "))"
            )
        }
        return table
    }

    /// Computes the gradients of all parameters, which the network's store then has, and brings the running statistics
    /// closer to the batch's.
    ///
    /// - Returns: the loss.
    /// - Throws: `TrainingError` for a batch of another size, or with classes that the network does not have.
    package func computeGradients(_ batch: TrainingBatch) throws(TrainingError) -> Double {
        try check(batch)
        run.workers.run(packings.count) { index, worker in
            self.packings[index].operation.pack(self.packings[index].packing, self.run, worker: worker)
        }
        guard let sums else { return computePart(batch) }
        let gradients = network.store.gradients
        sums.floats.update(repeating: 0, count: gradients.count)
        let pieces = (0..<parts).map { batch.part($0, of: parts) }
        let weights = pieces.map { passes[0].weight(of: $0) }
        let whole = weights.reduce(0, +)
        var loss = 0.0
        for (piece, weight) in zip(pieces, weights) {
            let share = whole > 0 ? weight / whole : 1 / Double(parts)
            loss += share * computePart(piece)
            let factor = Float(share)
            for index in gradients.indices { sums.floats[index] += factor * gradients[index] }
        }
        gradients.baseAddress!.update(from: sums.floats, count: gradients.count)
        return loss
    }

    /// Computes the gradients of as many crops as memory is planned for, and their loss.
    private func computePart(_ batch: TrainingBatch) -> Double {
        run.values(0, 0).update(from: batch.images, count: batch.images.count)
        for operation in operations { operation.forward(run) }
        let losses = passes.map { $0.run(batch, run) }
        for operation in backward { operation.backward(run) }
        network.store.batchesTracked += 1
        return losses.reduce(0, +) / Double(losses.count)
    }

    /// Gives the memory of values, gradients and scratch back to the system until the next step.
    package func releaseMemory() { run.releaseMemory() }

    /// Takes one step: computes the loss and its gradients, and lets the parameters that are not frozen follow them.
    ///
    /// - Parameters:
    ///   - rate: the learning rate.
    ///   - bound: the largest norm of the gradients; nil for any.
    /// - Returns: the loss before the step.
    /// - Throws: as `computeGradients`; and for a loss that is not finite, after which the parameters are as before, but
    ///   the running statistics have seen the batch.
    package func take(
        _ batch: TrainingBatch, _ optimizer: inout Optimizer<Float>, rate: Double, clippingTo bound: Double? = nil
    ) throws(TrainingError) -> Double {
        let loss = try computeGradients(batch)
        guard loss.isFinite else {
            throw TrainingError(
                "the loss became \(loss) at step \(optimizer.step + 1): try a lower learning rate, or clip gradients")
        }
        let ranges = network.store.parameters.filter { !$0.isFrozen }.map(\.range)
        let gradients = network.store.gradients.baseAddress!
        if let bound, !GradientClipping.clip(gradients, ranges: ranges, to: bound).isFinite {
            throw TrainingError("gradients became infinite at step \(optimizer.step + 1): try a lower learning rate")
        }
        optimizer.update(network.store.values.baseAddress!, gradients: gradients, ranges: ranges, rate: rate)
        return loss
    }

    private func check(_ batch: TrainingBatch) throws(TrainingError) {
        let classes = run.maps[passes[0].map].channels
        let count = parts * crops.count
        let pixels = count * outputHeight * outputWidth
        guard batch.images.count == count * run.maps[0].count else {
            throw TrainingError(
                "a batch of \(batch.images.count) values is not \(count) crops of \(run.maps[0].channels) bands, "
                    + "\(crops.height) x \(crops.width) pixels")
        }
        guard batch.targets.count == pixels, batch.weights.map({ $0.count == pixels }) ?? true else {
            throw TrainingError("\(batch.targets.count) labels do not go with \(pixels) pixels of the output")
        }
        let most = loss.kind == .crossEntropy ? classes : loss.classWeights?.count ?? Int(Loss.unlabelled)
        if let odd = batch.targets.first(where: { $0 != Loss.unlabelled && Int($0) >= most }) {
            throw TrainingError("a label of class \(odd) does not go with \(most) classes, which are counted from 0")
        }
    }
}

/// Why a network cannot be trained, or not in the way that was asked for, in one line that says what to do.
package struct TrainingError: Error, CustomStringConvertible, Sendable {
    /// The line.
    package let description: String

    /// An error with this message.
    package init(_ description: String) { self.description = description }

    init(_ node: Graph.Node, _ problem: String) {
        self.init("\(node.label.isEmpty ? node.operation.name : node.label): \(problem)")
    }
}
