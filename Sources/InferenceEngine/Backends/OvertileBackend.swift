import COneDNN
import COvertileKernels
import Dispatch
import Foundation
import NetworkGraph
import Synchronization

/// Overtile's own kernels for what a U-Net spends its time on, each on the calling thread alone; oneDNN for the rest.
package struct OvertileBackend: Backend {
    /// "Overtile's kernels for avx512, oneDNN 2.6.3": the last digits of results depend on all of it.
    package let name: String
    package let channelBlock = Int(OVERTILE_BLOCK)
    package let channelMultiple = Int(OVERTILE_BLOCK)
    package let readsWindows = true

    private let kernels: KernelSet
    private let oneDNN: OneDNNBackend

    /// The environment variable that holds Overtile to a lesser instruction set than the processor's best.
    package static let variable = "OVERTILE_ISA"

    /// The kernels of the processor's best instruction set, or of the one that `OVERTILE_ISA` names.
    ///
    /// - Parameter savesMemory: true to hold the weights of wide layers as they come, in a quarter of the memory, instead
    ///   of transformed for Winograd's algorithm; these layers then take four times the multiplications.
    /// - Throws: `InstructionSetError` where `OVERTILE_ISA` names an instruction set that this processor does not have.
    package init(savesMemory: Bool = false) throws(InstructionSetError) {
        try self.init(
            instructionSet: ProcessInfo.processInfo.environment[Self.variable], savesMemory: savesMemory)
    }

    /// - Parameters:
    ///   - instructionSet: one of `instructionSets`; nil for the best.
    ///   - savesMemory: true to hold the weights of wide layers as they come.
    /// - Throws: `InstructionSetError` where this processor does not have the instruction set.
    package init(instructionSet: String?, savesMemory: Bool = false) throws(InstructionSetError) {
        kernels = try KernelSet(instructionSet: instructionSet, savesMemory: savesMemory)
        // An older processor has an older processor's oneDNN.
        if instructionSet == "avx2" { odnn_limit_instruction_set(ODNN_AVX2) }
        if instructionSet == "scalar" { odnn_limit_instruction_set(ODNN_SSE41) }
        oneDNN = OneDNNBackend(channelBlock: channelBlock)
        name = "Overtile's kernels for \(kernels.instructionSet), \(oneDNN.name)"
    }

    /// The file that oneDNN was loaded from; nil where the system does not say.
    package static var libraryPath: String? { odnn_library_path().map { String(cString: $0) } }

    /// The instruction sets that this processor has kernels for, fastest first: "avx512", "avx2" or "neon", and "scalar".
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

    /// Returns true for layers that the benchmarks' `layers` shows so on AVX-512: a first layer with a stride takes 0.6 of the time there, a wide 1 x 1 layer 0.8.
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
package struct InstructionSetError: Error, CustomStringConvertible, Sendable {
    let asked: String
    let available: [String]

    /// What was asked for, what there is, and what to do, in one line.
    package var description: String {
        "\(OvertileBackend.variable) is '\(asked)', and this processor has \(available.joined(separator: ", ")): "
            + "set it to one of these, or leave it out"
    }
}

/// What the processor's arithmetic allows, as measured.
package enum MachinePeak {
    private static let seconds = 0.05

    /// The billions of multiplications and additions that so many threads do together in a second, at best, when they touch
    /// no memory.
    ///
    /// It measures for a twentieth of a second.
    package static func gigaflops(threads: Int) -> Double {
        let total = Mutex(0.0)
        let group = DispatchGroup()
        for thread in 0..<threads {
            DispatchQueue(label: "overtile.peak \(thread)").async(group: group) {
                let peak = overtile_peak_gigaflops(seconds)
                total.withLock { $0 += peak }
            }
        }
        group.wait()
        return total.withLock { $0 }
    }
}
