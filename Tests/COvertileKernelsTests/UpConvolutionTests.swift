import COvertileKernels
import Testing
import TestMaps

@Suite("Up-convolution")
struct UpConvolutionTests {
    static let cases: [ConvolutionCase] = [
        // The U-Net's own
        .init("2x2", up: 2, (32, 16), (7, 9)),
        .init("2x2, many channels", up: 2, (96, 48), (3, 5)),
        .init("2x2 of one pixel", up: 2, (16, 16), (1, 1)),
        .init("2x2 with ReLU", up: 2, (16, 64), (4, 5), relu: true),
        // Others
        .init("3x3", up: 3, (16, 32), (5, 6)),
        .init("3x3 with ReLU", up: 3, (48, 16), (2, 3), relu: true),
        .init("4x4", up: 4, (32, 48), (3, 4)),
        // Rows of products: a set's group of rows and one more or less
        .init("13 pixels in a row", up: 2, (16, 32), (2, 13)),
        .init("14 pixels in a row", up: 2, (16, 32), (2, 14)),
        .init("15 pixels in a row", up: 2, (16, 48), (2, 15)),
    ]

    @Test("the plain kernel is the formula", arguments: cases.filter { $0.work < 600_000 })
    func plain(_ c: ConvolutionCase) {
        let difference = KernelTable.plain.kernels.up_convolution.run(c)
            .largestDifference(from: Reference.upConvolution(c))
        #expect(difference <= c.directTolerance)
    }

    @Test("equals the plain kernel", arguments: KernelTable.fast, cases)
    func equalsPlain(_ set: KernelTable, _ c: ConvolutionCase) {
        let plain = KernelTable.plain.kernels.up_convolution.run(c)
        #expect(set.kernels.up_convolution.run(c).largestDifference(from: plain) <= 2 * c.directTolerance)
    }

    @Test("NaN and infinity come out where they are read, and nowhere else", arguments: KernelTable.all)
    func notFinite(_ set: KernelTable) {
        for value in [Float.nan, .infinity] {
            let c = ConvolutionCase("NaN", up: 2, (32, 16), (4, 5), relu: value.isNaN)
            let clean = set.kernels.up_convolution.run(c)
            var input = c.input
            input[20, 2, 3] = value
            let result = set.kernels.up_convolution.run(c, on: input)
            for channel in 0..<result.channels {
                for y in 0..<result.height {
                    for x in 0..<result.width {
                        let pixel = result[channel, y, x]
                        let isRead = y / 2 == 2 && x / 2 == 3
                        #expect(isRead ? (value.isNaN ? pixel.isNaN : pixel.isInfinite) : pixel == clean[channel, y, x])
                    }
                }
            }
        }
    }

    @Test("every run gives the same bytes", arguments: KernelTable.all)
    func repeats(_ set: KernelTable) {
        let c = ConvolutionCase("repeated", up: 2, (48, 32), (7, 6))
        let once = set.kernels.up_convolution.run(c)
        #expect(set.kernels.up_convolution.run(c, times: 3).isIdentical(to: once))
        #expect(set.kernels.up_convolution.run(c).isIdentical(to: once))
    }
}
