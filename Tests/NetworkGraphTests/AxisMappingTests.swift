import Testing

@testable import NetworkGraph

/// Receptive fields along one axis, against counting.
@Suite struct AxisMappingTests {
    /// Mappings of every kind, each with the inputs that one output position reads, counted one by one.
    struct Case: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let mapping: AxisMapping
        let reads: @Sendable (_ output: Int, _ input: Int) -> Bool

        init(_ name: String, _ operation: Operation, _ reads: @escaping @Sendable (Int, Int) -> Bool) {
            testDescription = name
            mapping = operation.mapping(.vertical)
            self.reads = reads
        }
    }

    static let cases: [Case] = [
        // Windows: taps at `i * stride + k * dilation - padding`.
        Case("ReLU", .relu) { $0 == $1 },
        Case("3 taps", .convolution(.ones(1, 1, 3, 1))) { i, j in (0..<3).contains(j - i) },
        Case("3 taps, 4 apart", .convolution(.ones(1, 1, 3, 1, dilation: 4))) { i, j in [0, 4, 8].contains(j - i) },
        Case("5 taps at every third", .convolution(.ones(1, 1, 5, 1, stride: 3))) { i, j in
            (0..<5).contains(j - 3 * i)
        },
        Case("pooling", .maxPooling(extent: 2, stride: 2)) { i, j in i == floorDivide(j, by: 2) },
        Case("padded pooling", .pooling(.padded(taps: 3, stride: 2, before: 1, after: 1))) { i, j in
            (-1..<2).contains(j - 2 * i)
        },
        Case("crop", .crop(Borders(top: 3, left: 0, bottom: 1, right: 0))) { i, j in j == i + 3 },
        Case("zero padding", .zeroPadding(2)) { i, j in j == i - 2 },
        Case("every third", .resize(.nearest(vertical: .divided(by: 3), horizontal: .times(1)))) { i, j in j == 3 * i },
        // Expansions: what input `j` gives begins at `j * factor`.
        Case("up-convolution", .transposedConvolution(.ones(1, 1, 2, stride: 2))) { i, j in (0..<2).contains(i - 2 * j)
        },
        Case("4 taps by 2", .transposedConvolution(.ones(1, 1, 4, stride: 2))) { i, j in (0..<4).contains(i - 2 * j) },
        Case("2 taps by 3, with gaps", .transposedConvolution(.ones(1, 1, 2, stride: 3))) { i, j in
            (0..<2).contains(i - 3 * j)
        },
        Case("nearest by 2", .resize(.nearest(vertical: .times(2), horizontal: .times(2)))) { i, j in
            j == floorDivide(i, by: 2)
        },
        // Half-pixel centres: output `i` lies at `(i + 1/2) / factor - 1/2`, between two pixels or upon one.
        Case("bilinear by 2", .bilinearUpsampling(factor: 2)) { i, j in abs(Double(2 * i + 1) / 4 - 0.5 - Double(j)) < 1
        },
        Case("bilinear by 3", .bilinearUpsampling(factor: 3)) { i, j in abs(Double(2 * i + 1) / 6 - 0.5 - Double(j)) < 1
        },
        Case("bilinear by 4", .bilinearUpsampling(factor: 4)) { i, j in abs(Double(2 * i + 1) / 8 - 0.5 - Double(j)) < 1
        },
    ]

    /// A range covers all that is read, and is no larger: a neighbour may be counted that weighs nothing, and rows between
    /// taps are.
    @Test(arguments: cases)
    func rangeOfInputs(_ c: Case) {
        for first in -7...7 {
            for count in 1...5 {
                let range = first..<first + count
                let read = (-60..<60).filter { input in range.contains { c.reads($0, input) } }
                let reach = c.mapping.inputs(of: range)
                guard let least = read.first, let most = read.last else { continue }
                #expect(reach.contains(least) && reach.contains(most), "\(range)")
                let spare = c.testDescription.hasPrefix("bilinear by 3") || c.testDescription.contains("gaps") ? 1 : 0
                #expect(reach.lowerBound >= least - spare && reach.upperBound <= most + 1 + spare, "\(range)")
            }
        }
    }

    /// Shifting the output by as many pixels as one input pixel is worth shifts the input by one, or by a stride.
    @Test(arguments: cases)
    func equivariance(_ c: Case) {
        let (step, shift) =
            switch c.mapping {
            case .window(_, let stride, _): (1, stride)
            case .expanding(_, let factor, _): (factor, 1)
            }
        for first in -5...5 {
            let (range, shifted) = (first..<first + 4, first + step..<first + step + 4)
            let (inputs, others) = (c.mapping.inputs(of: range), c.mapping.inputs(of: shifted))
            #expect(others == inputs.lowerBound + shift..<inputs.upperBound + shift)
        }
        #expect(c.mapping.scale == Ratio(shift, step))
    }

    /// A file's strides and dilations, as large as they are read, keep positions within bounds however often they follow
    /// each other.
    @Test(arguments: [
        AxisMapping.window(extent: 1 << 36, stride: 1 << 20, offset: -(1 << 36)),
        .window(extent: 1, stride: 1 << 20, offset: 1 << 36),
        .expanding(extent: 1 << 36, factor: 1, offset: -(1 << 20)),
        .expanding(extent: 1 << 20, factor: 1 << 20, offset: 1 << 20),
    ])
    func positionsStayWithinBounds(_ mapping: AxisMapping) {
        for start in [-3, 0, 5] {
            var range = start..<start + 2
            for _ in 0..<1000 {
                range = mapping.inputs(of: range)
                #expect(!range.isEmpty && range.lowerBound >= -AxisMapping.farthest)
                #expect(range.upperBound <= AxisMapping.farthest)
            }
        }
    }

    /// Samples of a resize, counted from its formula, are what its mapping reaches.
    @Test(
        arguments: [2, 3, 4, 5],
        [
            Resize.Coordinates.halfPixel, .asymmetric, .halfPixelOfOutput,
        ])
    func samplesLieInTheMapping(factor: Int, coordinates: Resize.Coordinates) {
        let modes: [Resize.Mode] = [
            .linear, .nearest(.floor), .nearest(.ceil), .nearest(.halfDown), .nearest(.halfUp),
        ]
        for mode in modes {
            for length in [Resize.Length.times(factor), .divided(by: factor)] {
                let resize = Resize(mode, coordinates, vertical: length, horizontal: length)
                for position in -9...9 {
                    let sample = resize.sample(position, .vertical, input: nil)
                    let reach = resize.mapping(.vertical).inputs(of: position..<position + 1)
                    #expect(
                        reach.contains(sample.low) && reach.contains(sample.high), "\(mode), \(length), \(position)")
                }
            }
        }
    }

    @Test func fractionsAreInLowestTerms() {
        #expect(Ratio(6, 4) == Ratio(3, 2) && Ratio(2, 3).times(Ratio(3, 4)) == Ratio(1, 2))
        // Beyond all tiles, and beyond all numbers.
        #expect(Ratio(128, 1).times(Ratio(128, 1)) == Ratio(16384, 1))
        #expect(Ratio(128, 1).times(Ratio(129, 1)) == nil && Ratio(1, 128).times(Ratio(1, 129)) == nil)
        #expect(Ratio(1 << 40, 1).times(Ratio(1 << 40, 1)) == nil)
        #expect([(7, 2), (-7, 2), (-8, 2), (0, 5)].map { floorDivide($0.0, by: $0.1) } == [3, -4, -4, 0])
        #expect(leastCommonMultiple(4, 6) == 12)
    }
}
