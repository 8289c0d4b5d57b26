import COvertileKernels
import Testing
import TestMaps

@Suite("Winograd")
struct WinogradTests {
    typealias Padding = ConvolutionCase.Padding

    static let cases: [ConvolutionCase] = [
        // One tile and less; a tile and a bit; several
        .init("one pixel", (16, 16), (3, 3)),
        .init("one row", (16, 16), (3, 23)),
        .init("one column", (16, 16), (23, 3)),
        .init("one tile", (16, 16), (6, 6)),
        .init("one tile and a rest", (16, 16), (7, 8), relu: false),
        .init("ragged", (16, 16), (15, 20)),
        // Channels: one block, an odd number of them (half a panel at the end), panels of 32
        .init("32 to 32", (32, 32), (10, 9)),
        .init("48 to 48", (48, 48), (9, 10)),
        .init("64 to 64", (64, 64), (8, 11)),
        .init("96 to 96", (96, 96), (7, 8)),
        .init("16 to 96", (16, 96), (12, 9), relu: false),
        .init("96 to 16", (96, 16), (9, 12)),
        // Rows of products: every remainder of a set's group of rows
        .init("13 tiles in a row", (16, 32), (6, 54)),
        .init("14 tiles in a row", (16, 32), (6, 58)),
        .init("15 tiles in a row", (16, 32), (6, 62)),
        // Zeros around the source: narrower than a patch, and on one side only
        .init("padded", (16, 16), (9, 11), padding: Padding(1)),
        .init("padded above and right", (32, 16), (9, 11), padding: Padding(1, 0, 0, 1)),
        .init("padded by more than a tap", (16, 32), (5, 6), padding: Padding(4, 3, 4, 5)),
        .init("one pixel with padding", (16, 16), (1, 1), padding: Padding(1)),
        .init("padded deep", (512, 16), (4, 4), padding: Padding(1)),
    ]

    /// The slow loop takes the small ones.
    @Test("the plain kernel is the formula", arguments: cases.filter { $0.work < 1_000_000 })
    func plain(_ c: ConvolutionCase) {
        let difference = KernelTable.plain.kernels.winograd.run(c).largestDifference(from: Reference.convolution(c))
        #expect(difference <= c.directTolerance)
    }

    @Test("equals the plain kernel", arguments: KernelTable.fast, cases)
    func equalsPlain(_ set: KernelTable, _ c: ConvolutionCase) {
        let difference = set.kernels.winograd.run(c).largestDifference(from: KernelTable.plain.kernels.winograd.run(c))
        #expect(difference <= c.winogradTolerance + c.directTolerance)
    }

    /// Tiles of 2 x 2 round like a plain sum, which is what training takes them for.
    @Test("tiles of 2 x 2 equal the plain kernel, too", arguments: KernelTable.fast, cases)
    func smallTilesEqualPlain(_ set: KernelTable, _ c: ConvolutionCase) {
        let plain = KernelTable.plain.kernels.winograd_2x2.run(c)
        #expect(set.kernels.winograd_2x2.run(c).largestDifference(from: plain) <= 2 * c.directTolerance)
    }

    /// Heights and widths of 1 to 20, and zeros at each side or not: every way in which a tile can hang over an edge.
    @Test("ragged sizes and padding", arguments: KernelTable.fast)
    func ragged(_ set: KernelTable) {
        for height in 1...20 {
            let width = height * 7 % 20 + 1
            for sides in 0..<16 {
                let padding = Padding(sides & 1, sides >> 1 & 1, sides >> 2 & 1, sides >> 3)
                let size = (height + 2 - padding.top - padding.bottom, width + 2 - padding.left - padding.right)
                let c = ConvolutionCase("\(height) x \(width), sides \(sides)", (16, 16), size, padding: padding)
                let plain = KernelTable.plain.kernels.winograd.run(c)
                let difference = set.kernels.winograd.run(c).largestDifference(from: plain)
                #expect(difference <= c.winogradTolerance + c.directTolerance, "\(c.regime)")
                let small = set.kernels.winograd_2x2.run(c).largestDifference(from: plain)
                #expect(small <= 2 * c.directTolerance, "\(c.regime)")
            }
        }
    }

    /// The deepest sums of a U-Net, against exact arithmetic: what `winogradTolerance` says is what happens, and not by
    /// a wide margin.
    @Test("error bound", arguments: KernelTable.fast, [(16, 16), (64, 16), (512, 16)])
    func errorBound(_ set: KernelTable, _ channels: (Int, Int)) {
        let c = ConvolutionCase("deep", channels, (10, 10), relu: false)
        let difference = set.kernels.winograd.run(c).largestDifference(from: Reference.convolution(c))
        #expect(difference <= c.winogradTolerance)
        #expect(difference >= c.winogradTolerance / 100)
    }

    /// Maps, channels and weights so large that a set works through them in several ways and rounds; against its own
    /// direct convolution, as the plain kernel would take too long.
    @Test(
        "large", .enabled(if: Build.isOptimized, "slow without optimisation"), arguments: KernelTable.fast,
        [
            // Many rounds of tiles
            ConvolutionCase("many tiles", (16, 16), (203, 201)),
            ConvolutionCase("many tiles of many channels", (512, 32), (50, 51)),
            // Weights larger than the third level
            ConvolutionCase("large weights", (512, 512), (60, 61)),
            ConvolutionCase("large weights, few tiles", (1024, 512), (10, 9)),
            // Outputs larger than the caches, ragged too
            ConvolutionCase("large output", (16, 64), (300, 299)),
        ])
    func large(_ set: KernelTable, _ c: ConvolutionCase) {
        let direct = set.kernels.direct.run(c)
        #expect(
            set.kernels.winograd.run(c).largestDifference(from: direct) <= c.winogradTolerance + c.directTolerance)
        #expect(set.kernels.winograd_2x2.run(c).largestDifference(from: direct) <= 2 * c.directTolerance)
    }

    /// A tile is transformed as a whole, so that all of it may be lost; but nothing beyond it, and never less than what
    /// reads the pixel.
    @Test(
        "NaN and infinity spread over their tile alone", arguments: KernelTable.fast,
        [Float.nan, .infinity, -.infinity])
    func notFinite(_ set: KernelTable, _ value: Float) {
        // A ReLU makes 0 of minus infinity, but NaN stays.
        let c = ConvolutionCase("NaN", (16, 32), (14, 15), relu: value.isNaN)
        let clean = set.kernels.winograd.run(c)
        for (row, column) in [(0, 0), (6, 7), (5, 4), (13, 14)] {
            var input = c.input
            input[11, row, column] = value
            let result = set.kernels.winograd.run(c, on: input)
            for channel in 0..<result.channels {
                for y in 0..<result.height {
                    for x in 0..<result.width {
                        let isRead = (y...y + 2).contains(row) && (x...x + 2).contains(column)
                        let (top, left) = (y / 4 * 4, x / 4 * 4)
                        let isInPatch = (top...top + 5).contains(row) && (left...left + 5).contains(column)
                        let pixel = result[channel, y, x]
                        if isRead { #expect(value.isNaN ? pixel.isNaN : !pixel.isFinite) }
                        if !isInPatch { #expect(pixel == clean[channel, y, x]) }
                    }
                }
            }
        }
    }

    @Test("every run gives the same bytes", arguments: KernelTable.all)
    func repeats(_ set: KernelTable) {
        let c = ConvolutionCase("repeated", (48, 48), (21, 22), padding: Padding(1, 0, 1, 0))
        let once = set.kernels.winograd.run(c)
        #expect(set.kernels.winograd.run(c, times: 3).isIdentical(to: once))
        #expect(set.kernels.winograd.run(c).isIdentical(to: once))
    }

    /// A planner asks without knowing the set, the source's extent or the padding.
    @Test("scratch follows from channels and output alone", arguments: KernelTable.fast, cases)
    func scratch(_ set: KernelTable, _ c: ConvolutionCase) {
        var (shape, bare) = (c.shape, overtile_convolution())
        (bare.ic, bare.oc, bare.oh, bare.ow) = (shape.ic, shape.oc, shape.oh, shape.ow)
        #expect(set.kernels.winograd.scratch_count(&shape) == overtile_winograd_scratch_count(&bare))
    }
}

enum Build {
    #if DEBUG
        static let isOptimized = false
    #else
        static let isOptimized = true
    #endif
}
