import COvertileKernels
import Testing
import TestMaps

@Suite("Direct convolution")
struct DirectTests {
    typealias Padding = ConvolutionCase.Padding

    static let cases: [ConvolutionCase] = [
        // The first layer: plain bands
        .init("one band", (1, 16), (9, 12), plainSource: true),
        .init("three bands", (3, 64), (8, 19), plainSource: true),
        .init("four bands, padded", (4, 32), (7, 11), padding: Padding(1), plainSource: true),
        .init("thirteen bands", (13, 48), (6, 8), plainSource: true),
        .init(
            "7x7 stride 2 on bands", (3, 16), (21, 22), taps: (7, 7), stride: 2, padding: Padding(3), plainSource: true),
        // The last: 1 x 1 to plain classes, whole blocks or not
        .init("one class", (16, 1), (7, 9), taps: (1, 1), plainDestination: true, relu: false),
        .init("five classes", (32, 5), (6, 17), taps: (1, 1), plainDestination: true, relu: false),
        .init("16 classes", (16, 16), (5, 6), taps: (1, 1), plainDestination: true),
        .init("17 classes", (16, 17), (5, 6), taps: (1, 1), plainDestination: true),
        .init("33 classes", (48, 33), (4, 15), taps: (1, 1), plainDestination: true, relu: false),
        .init("47 classes, 3x3, padded", (16, 47), (6, 7), padding: Padding(1), plainDestination: true),
        .init("plain to plain", (5, 7), (10, 9), plainSource: true, plainDestination: true),
        // Taps from 1 to 7, square and not
        .init("1x1", (32, 48), (6, 31), taps: (1, 1)),
        .init("2x2", (16, 32), (7, 8), taps: (2, 2)),
        .init("4x4, padded", (16, 16), (7, 8), taps: (4, 4), padding: Padding(2)),
        .init("5x5", (16, 32), (9, 10), taps: (5, 5)),
        .init("6x6", (16, 16), (9, 10), taps: (6, 6)),
        .init("7x7, padded", (16, 16), (9, 8), taps: (7, 7), padding: Padding(3)),
        .init("1x7", (16, 32), (4, 20), taps: (1, 7), padding: Padding(0, 3, 0, 3)),
        .init("5x2", (32, 16), (12, 5), taps: (5, 2), relu: false),
        // Strides, with and without a rest
        .init("stride 2", (16, 32), (11, 12), stride: 2),
        .init("stride 2, padded", (32, 16), (10, 13), stride: 2, padding: Padding(1)),
        .init("stride 3", (16, 16), (14, 15), stride: 3, padding: Padding(1, 2, 0, 1)),
        .init("1x1 stride 2", (16, 32), (9, 40), taps: (1, 1), stride: 2),
        .init("2x2 stride 3", (16, 16), (9, 10), taps: (2, 2), stride: 3),
        // Dilation, beyond the map's size too
        .init("dilation 2", (16, 16), (11, 12), dilation: 2),
        .init("dilation 3, padded", (16, 32), (8, 9), dilation: 3, padding: Padding(3)),
        .init("dilation 6, wider than the map", (16, 16), (5, 4), dilation: 6, padding: Padding(6)),
        .init("dilation 2, stride 2", (16, 16), (14, 13), stride: 2, dilation: 2, padding: Padding(2, 1, 2, 1)),
        // Padding that leaves an output without any tap: its bias alone
        .init("padding of more than a tap", (16, 16), (4, 5), padding: Padding(5, 4, 3, 6)),
        .init("padding of more than a tap, stride 2", (16, 16), (4, 5), stride: 2, padding: Padding(4, 5, 6, 3)),
        .init("padding around one pixel", (16, 16), (1, 1), taps: (5, 5), padding: Padding(4)),
        .init("padded 1x1", (16, 16), (3, 4), taps: (1, 1), padding: Padding(1)),
        // Rows of products: a set's group of rows and one more or less
        .init("13 pixels in a row", (16, 32), (3, 13), taps: (1, 1)),
        .init("14 pixels in a row", (16, 32), (3, 14), taps: (1, 1)),
        .init("15 pixels in a row", (16, 48), (3, 15), taps: (1, 1)),
        .init("one pixel", (64, 96), (1, 1), taps: (1, 1)),
        // The engine may ask for what Winograd could do
        .init("96 to 96", (96, 96), (7, 9)),
    ]

    @Test("the plain kernel is the formula", arguments: cases.filter { $0.work < 600_000 })
    func plain(_ c: ConvolutionCase) {
        let difference = KernelTable.plain.kernels.direct.run(c).largestDifference(from: Reference.convolution(c))
        #expect(difference <= c.directTolerance)
    }

    @Test("equals the plain kernel", arguments: KernelTable.fast, cases)
    func equalsPlain(_ set: KernelTable, _ c: ConvolutionCase) {
        let difference = set.kernels.direct.run(c).largestDifference(from: KernelTable.plain.kernels.direct.run(c))
        #expect(difference <= 2 * c.directTolerance)
    }

    @Test("NaN and infinity come out where they are read, and nowhere else", arguments: KernelTable.all)
    func notFinite(_ set: KernelTable) {
        for value in [Float.nan, .infinity, -.infinity] {
            // A ReLU makes 0 of minus infinity, but NaN stays.
            let c = ConvolutionCase(
                "NaN", (16, 32), (9, 10), stride: 2, padding: Padding(1), relu: value.isNaN)
            let clean = set.kernels.direct.run(c)
            var input = c.input
            let (row, column) = (4, 5)
            input[3, row, column] = value
            let result = set.kernels.direct.run(c, on: input)
            for channel in 0..<result.channels {
                for y in 0..<result.height {
                    for x in 0..<result.width {
                        let isRead = (2 * y - 1...2 * y + 1).contains(row) && (2 * x - 1...2 * x + 1).contains(column)
                        let pixel = result[channel, y, x]
                        #expect(isRead ? (value.isNaN ? pixel.isNaN : pixel.isInfinite) : pixel == clean[channel, y, x])
                    }
                }
            }
        }
    }

    @Test("every run gives the same bytes", arguments: KernelTable.all)
    func repeats(_ set: KernelTable) {
        let c = ConvolutionCase("repeated", (32, 37), (11, 12), plainDestination: true)
        let once = set.kernels.direct.run(c)
        #expect(set.kernels.direct.run(c, times: 3).isIdentical(to: once))
        #expect(set.kernels.direct.run(c).isIdentical(to: once))
    }
}
