import COvertileKernels

/// Overtile's own kernels, which serve every backend: they read and write any window, in either layout.
enum MapKernels {
    /// Zeros in a whole window.
    static func zero(_ destination: MapView, channelBlock: Int) -> any Kernel {
        let dst = overtile_map(destination, channelBlock: channelBlock)
        return MapKernel(implementation: "zero") { _, to in withUnsafePointer(to: dst) { overtile_zero($0, to) } }
    }

    /// Bilinear upsampling with aligned corners.
    static func bilinearAligned(from source: MapView, to destination: MapView, channelBlock: Int) -> any Kernel {
        let src = overtile_map(source, channelBlock: channelBlock)
        let dst = overtile_map(destination, channelBlock: channelBlock)
        return MapKernel(implementation: "bilinear, aligned corners") { from, to in
            withUnsafePointer(to: src) { src in
                withUnsafePointer(to: dst) { dst in overtile_bilinear_aligned(src, dst, from, to) }
            }
        }
    }
}

extension overtile_map {
    fileprivate init(_ view: MapView, channelBlock: Int) {
        let block = view.layout == .plain ? 1 : channelBlock
        self.init(
            blocks: view.channels / block, block: block, height: view.height, width: view.width,
            parent_height: view.parentHeight, parent_width: view.parentWidth, top: view.top, left: view.left)
    }
}

/// A kernel without weights or scratch.
struct MapKernel: Kernel {
    typealias Loop = @Sendable (UnsafePointer<Float>, UnsafeMutablePointer<Float>) -> Void

    let implementation: String
    let scratchByteCount = 0
    let loop: Loop

    func bind(
        sources: [UnsafePointer<Float>], destination: UnsafeMutablePointer<Float>, scratch: UnsafeMutableRawPointer
    ) -> any BoundKernel {
        Bound(loop: loop, source: sources[0], destination: destination)
    }

    private final class Bound: BoundKernel {
        let loop: Loop
        let source: UnsafePointer<Float>
        let destination: UnsafeMutablePointer<Float>

        init(loop: @escaping Loop, source: UnsafePointer<Float>, destination: UnsafeMutablePointer<Float>) {
            self.loop = loop
            self.source = source
            self.destination = destination
        }

        func run() { loop(source, destination) }
    }
}
