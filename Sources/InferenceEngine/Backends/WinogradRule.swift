/// When oneDNN's Winograd convolution is asked for: a rule on the layer's shape alone, so that machines of one kind give
/// the same bytes.
///
/// Winograd's F(4x4, 3x3) needs a quarter of the multiplications (Lavin and Gray 2015) and adds two transforms. oneDNN 2.6
/// works through the output's 4 x 4 tiles in rounds of equal size, which it finds only where the number of tiles has a
/// divisor of the right size. The bounds were fitted to timings of 563 layers; the benchmarks' `layers` shows them.
enum WinogradRule {
    static func applies(to kernel: KernelShape, from source: MapView, to destination: MapView) -> Bool {
        guard kernel == KernelShape(height: 3, width: 3, stride: 1, dilation: 1),
            source.layout == .blocked, destination.layout == .blocked
        else { return false }
        let (ic, oc) = (source.channels, destination.channels)
        let tiles = ((destination.height + 3) / 4) * ((destination.width + 3) / 4)
        guard min(ic, oc) >= 32, !(max(ic, oc) >= 512 && tiles <= 25) else { return false }
        let smallest = min(ic, oc) >= 64 ? 4 : 7
        let largest = ic <= 256 ? 31 : ic <= 512 ? 16 : 10
        return (smallest...largest).contains { tiles % $0 == 0 }
    }

    /// Against direct convolution, typical for the layers that the rule takes.
    static let speedUp = 2.2

    /// Transformed input and output of the whole map: 36 values for each 4 x 4 tile and channel. With few output
    /// channels oneDNN transforms a few tiles at a time instead.
    static func expectedScratch(from source: MapView, to destination: MapView) -> Int {
        if source.channels >= 64 && destination.channels <= 64 { return 8 << 20 }
        let tiles = ((destination.height + 3) / 4) * ((destination.width + 3) / 4)
        return 36 * tiles * (source.channels + destination.channels) * MemoryLayout<Float>.stride
    }
}
