import COneDNN

/// One oneDNN operation and its weights in the order that it chose.
final class OneDNNKernel: Kernel, @unchecked Sendable {
    // @unchecked: the operation and its weights never change after `init`; oneDNN lets threads share them.
    private let operation: OpaquePointer
    private let weights: AlignedBuffer?
    private let bias: AlignedBuffer?

    let implementation: String
    let scratchByteCount: Int

    typealias Create = (UnsafeMutablePointer<OpaquePointer?>) -> odnn_status

    /// An operation without weights.
    convenience init(_ create: Create) throws(EngineError) {
        try self.init(Self.operation(create), weights: nil, bias: nil)
    }

    /// - Parameters:
    ///   - parameters: weights and bias; packed here.
    ///   - counted: where they are counted.
    convenience init(
        _ parameters: ConvolutionParameters, counted: PackedWeights, _ create: Create
    ) throws(EngineError) {
        let operation = try Self.operation(create)
        let packed = AlignedBuffer(byteCount: odnn_packed_weights_size(operation))
        let status = odnn_pack_weights(operation, parameters.weights(), packed.bytes.baseAddress!)
        guard status == 0 else {
            odnn_operation_destroy(operation)
            throw EngineError(status: status)
        }
        counted.count(packed)
        self.init(operation, weights: packed, bias: AlignedBuffer(copying: parameters.bias()))
    }

    /// An affine operation: a factor and a summand for each channel.
    convenience init(scale: [Float], shift: [Float], _ create: Create) throws(EngineError) {
        try self.init(
            Self.operation(create), weights: AlignedBuffer(copying: scale), bias: AlignedBuffer(copying: shift))
    }

    /// Takes ownership of the operation.
    private init(_ operation: OpaquePointer, weights: AlignedBuffer?, bias: AlignedBuffer?) {
        self.operation = operation
        self.weights = weights
        self.bias = bias
        implementation = String(cString: odnn_implementation(operation))
        scratchByteCount = odnn_scratch_size(operation)
    }

    deinit { odnn_operation_destroy(operation) }

    private static func operation(_ create: Create) throws(EngineError) -> OpaquePointer {
        var operation: OpaquePointer?
        let status = create(&operation)
        guard status == 0, let operation else { throw EngineError(status: status) }
        return operation
    }

    func bind(
        sources: [UnsafePointer<Float>], destination: UnsafeMutablePointer<Float>, scratch: UnsafeMutableRawPointer
    ) throws(EngineError) -> any BoundKernel {
        var binding: OpaquePointer?
        let status = odnn_bind(
            operation, sources[0], nil, weights.map { UnsafeRawPointer($0.bytes.baseAddress!) },
            bias.map { UnsafePointer($0.bytes.assumingMemoryBound(to: Float.self).baseAddress!) }, destination, scratch,
            &binding)
        guard status == 0, let binding else { throw EngineError(status: status) }
        return Bound(binding, kernel: self)
    }

    private final class Bound: BoundKernel {
        private let binding: OpaquePointer
        /// Keeps the weights and the operation alive.
        private let kernel: OneDNNKernel

        /// Takes ownership of the binding.
        init(_ binding: OpaquePointer, kernel: OneDNNKernel) {
            self.binding = binding
            self.kernel = kernel
        }

        deinit { odnn_binding_destroy(binding) }

        func run() throws(EngineError) {
            let status = odnn_run(binding)
            guard status == 0 else { throw EngineError(status: status) }
        }
    }
}

extension EngineError {
    fileprivate init(status: odnn_status) {
        self.init(
            "oneDNN: \(String(cString: odnn_status_text(status)))",
            isUnimplemented: status == odnn_status(ODNN_UNIMPLEMENTED))
    }
}

extension AlignedBuffer {
    convenience init(copying values: [Float]) {
        self.init(byteCount: values.count * MemoryLayout<Float>.stride)
        values.withUnsafeBytes { bytes.copyMemory(from: $0) }
    }
}
