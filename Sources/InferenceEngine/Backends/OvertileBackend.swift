import COneDNN
import COvertileKernels
import Foundation
import NetworkGraph
import Tensors

/// Overtile's own kernels for what a U-Net spends its time on, each on the calling thread alone; oneDNN for the rest.
package struct OvertileBackend: Backend {
    package let name: String
    package let channelBlock = Int(OVERTILE_BLOCK)
    package let channelMultiple = Int(OVERTILE_BLOCK)
    package let readsWindows = true

    private let kernels: KernelSet
    private let oneDNN: OneDNNBackend

    /// The environment variable that holds Overtile to a lesser instruction set than the processor's best.
    package static let variable = "OVERTILE_ISA"

    /// - Parameter savesMemory: whether the weights of wide layers are held as they come, in a quarter of the memory,
    ///   instead of transformed for Winograd's algorithm: these layers then take four times the multiplications.
    /// - Throws: `InstructionSetError` where `OVERTILE_ISA` names an instruction set that this processor does not have.
    package init(savesMemory: Bool = false) throws(InstructionSetError) {
        try self.init(
            instructionSet: ProcessInfo.processInfo.environment[Self.variable], savesMemory: savesMemory)
    }

    /// - Parameter instructionSet: one of `instructionSets`; nil for the best.
    package init(instructionSet: String?, savesMemory: Bool = false) throws(InstructionSetError) {
        kernels = try KernelSet(instructionSet: instructionSet, savesMemory: savesMemory)
        // An older processor has an older processor's oneDNN.
        if instructionSet == "avx2" { odnn_limit_instruction_set(ODNN_AVX2) }
        if instructionSet == "scalar" { odnn_limit_instruction_set(ODNN_SSE41) }
        oneDNN = OneDNNBackend(channelBlock: channelBlock)
        name = "Overtile's kernels for \(kernels.instructionSet), \(oneDNN.name)"
    }

    /// What this processor has, fastest first.
    package static var instructionSets: [String] { KernelSet.all.map(\.instructionSet) }

    package func estimate(_ step: StepShape, from sources: [MapView], to destination: MapView) -> KernelEstimate {
        kernels.estimate(step, from: sources, to: destination)
    }

    package func convolution(
        from sources: [MapView], to destination: MapView, _ parameters: ConvolutionParameters, weights: PackedWeights
    ) throws(EngineError) -> any Kernel {
        if parameters.kernel.groups > 1
            || isFasterInOneDNN(parameters.kernel, from: sources, to: destination)
        {
            return try oneDNN.convolution(from: sources, to: destination, parameters, weights: weights)
        }
        return kernels.convolution(from: sources, to: destination, parameters, weights: weights)
    }

    /// The benchmarks' `layers`, on AVX-512: a first layer with a stride takes 0.6 of the time there, a wide 1 x 1 layer 0.8.
    private func isFasterInOneDNN(
        _ kernel: KernelShape, from sources: [MapView], to destination: MapView
    ) -> Bool {
        guard kernels.instructionSet == "avx512", sources.count == 1, sources[0].isWhole, destination.isWhole else {
            return false
        }
        let isWidePoint = kernel.height == 1 && kernel.width == 1 && sources[0].channels >= 512
        return isWidePoint || (sources[0].layout == .plain && kernel.stride > 1)
    }

    package func transposedConvolution(
        from source: MapView, to destination: MapView, _ parameters: ConvolutionParameters, weights: PackedWeights
    ) throws(EngineError) -> any Kernel {
        let kernel = parameters.kernel
        if kernel.height == kernel.stride && kernel.width == kernel.stride {
            return kernels.upConvolution(from: source, to: destination, parameters, weights: weights)
        }
        return try oneDNN.transposedConvolution(from: source, to: destination, parameters, weights: weights)
    }

    package func maxPooling(from source: MapView, to destination: MapView, extent: Int, stride: Int) -> any Kernel {
        kernels.maxPooling(from: source, to: destination, extent: extent, stride: stride)
    }

    package func bilinearUpsampling(
        from source: MapView, to destination: MapView, factor: Int
    ) throws(EngineError) -> any Kernel {
        try oneDNN.bilinearUpsampling(from: source, to: destination, factor: factor)
    }

    package func affine(
        from source: MapView, to destination: MapView, scale: [Float], shift: [Float]
    ) throws(EngineError) -> any Kernel {
        try oneDNN.affine(from: source, to: destination, scale: scale, shift: shift)
    }

    package func kernel(
        _ operation: MapOperation, from sources: [MapView], to destination: MapView
    ) throws(EngineError) -> any Kernel {
        try oneDNN.kernel(operation, from: sources, to: destination)
    }

    package func copy(from source: MapView, to destination: MapView) -> any Kernel {
        PortableKernels.copy(from: source, to: destination, channelBlock: channelBlock)
    }
}

/// The error that `OVERTILE_ISA` names an instruction set that this processor does not have, or that does not exist.
public struct InstructionSetError: Error, CustomStringConvertible, Sendable {
    let asked: String
    let available: [String]

    /// What was asked for, what there is, and what to do, in one line.
    public var description: String {
        "\(OvertileBackend.variable) is '\(asked)', and this processor has \(available.joined(separator: ", ")): "
            + "set it to one of these, or leave it out"
    }
}
