import COvertileKernels
import Testing
import TestMaps

@Suite("Max pooling")
struct MaxPoolingTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let channels: Int
        let height: Int
        let width: Int
        let extent: Int
        let stride: Int
        var testDescription: String { "\(extent) at every \(stride) of \(channels) x \(height) x \(width)" }
    }

    static let cases: [Case] = [
        // The U-Net's own, with a rest that is dropped
        .init(channels: 16, height: 2, width: 2, extent: 2, stride: 2),
        .init(channels: 48, height: 8, width: 10, extent: 2, stride: 2),
        .init(channels: 32, height: 9, width: 7, extent: 2, stride: 2),
        // ResNet's, and windows that overlap most
        .init(channels: 32, height: 11, width: 9, extent: 3, stride: 2),
        .init(channels: 16, height: 7, width: 8, extent: 3, stride: 1),
        // Windows with gaps between them
        .init(channels: 16, height: 9, width: 9, extent: 1, stride: 3),
    ]

    private func pool(_ set: KernelTable, _ input: Volume, _ c: Case) -> Volume {
        let (oh, ow) = ((input.height - c.extent) / c.stride + 1, (input.width - c.extent) / c.stride + 1)
        let source = SourceMap(input, isPlain: false)
        let destination = DestinationMap(input.channels, oh, ow, isPlain: false)
        set.kernels.max_pooling(
            input.channels / Int(OVERTILE_BLOCK), oh, ow, c.extent, c.stride, source.planes, destination.target)
        #expect(destination.isUntouchedAround, "wrote outside its window")
        return destination.volume
    }

    @Test("is the formula", arguments: KernelTable.all, cases)
    func formula(_ set: KernelTable, _ c: Case) {
        let input = Volume.noise(c.channels, c.height, c.width, seed: 7)
        #expect(pool(set, input, c) == Reference.maxPooling(input, extent: c.extent, stride: c.stride))
    }

    /// As PyTorch's: wherever in the window it stands. The kernels once kept it in the first place alone, the plain one
    /// in the last.
    @Test("keeps NaN and infinity", arguments: KernelTable.all, [Float.nan, .infinity, -.infinity])
    func notFinite(_ set: KernelTable, _ value: Float) {
        let c = Case(channels: 16, height: 7, width: 7, extent: 3, stride: 2)
        let lost = (0..<49).filter { place in
            var input = Volume.noise(c.channels, c.height, c.width, seed: 7)
            input[place % 16, place / 7, place % 7] = value
            let expected = Reference.maxPooling(input, extent: c.extent, stride: c.stride)
            let result = pool(set, input, c)
            return !zip(result.values, expected.values).allSatisfy { $0 == $1 || ($0.isNaN && $1.isNaN) }
        }
        #expect(lost.isEmpty, "lost at these places of 7 x 7")
    }

    @Test("of minus infinity alone", arguments: KernelTable.all)
    func minusInfinity(_ set: KernelTable) {
        let input = Volume(16, 4, 4, values: Array(repeating: -.infinity, count: 256))
        let result = pool(set, input, Case(channels: 16, height: 4, width: 4, extent: 2, stride: 2))
        #expect(result.values.allSatisfy { $0 == -.infinity })
    }
}
