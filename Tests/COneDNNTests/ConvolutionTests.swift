import COneDNN
import Testing
import TestMaps

struct ConvolutionCase: CustomTestStringConvertible, Sendable {
    let regime: String
    let src: odnn_map
    let dst: odnn_map
    var kernel: odnn_kernel = .square(3)
    var algorithm: odnn_algorithm = ODNN_DIRECT
    var activation: odnn_activation = ODNN_RELU
    var tolerance: Float = 2e-5
    var testDescription: String { regime }

    /// The map that the kernel leaves of `src`.
    init(
        _ regime: String, _ src: odnn_map, oc: Int, _ layout: odnn_layout = ODNN_BLOCKED,
        kernel: odnn_kernel = .square(3), algorithm: odnn_algorithm = ODNN_DIRECT,
        activation: odnn_activation = ODNN_RELU, tolerance: Float = 2e-5
    ) {
        self.regime = regime
        self.src = src
        self.kernel = kernel
        self.algorithm = algorithm
        self.activation = activation
        self.tolerance = tolerance
        dst = .dense(
            layout, oc, (Int(src.height) - kernel.reachY) / Int(kernel.stride_y) + 1,
            (Int(src.width) - kernel.reachX) / Int(kernel.stride_x) + 1)
    }

    /// With dst a window of a larger map.
    func intoWindow() -> ConvolutionCase {
        ConvolutionCase(copying: self, dst: dst.inParent(top: 2, left: 3, bottom: 1, right: 5))
    }

    private init(copying other: ConvolutionCase, dst: odnn_map) {
        regime = other.regime
        src = other.src
        kernel = other.kernel
        algorithm = other.algorithm
        activation = other.activation
        tolerance = other.tolerance
        self.dst = dst
    }

    var weights: [Float] {
        let count = Int(dst.channels * src.channels / kernel.groups * kernel.height * kernel.width)
        return noise(count: count, seed: 3).map { $0 * 0.2 }
    }
    var bias: [Float] { noise(count: Int(dst.channels), seed: 4) }
    var input: Volume { .noise(Int(src.channels), Int(src.height), Int(src.width), seed: 5) }

    func makeOperation() throws -> Operation {
        try Operation(weights: weights) { out in
            withUnsafePointer(to: src) { src in
                withUnsafePointer(to: dst) { dst in
                    withUnsafePointer(to: kernel) { kernel in
                        odnn_convolution_create(src, dst, kernel, nil, activation, algorithm, out)
                    }
                }
            }
        }
    }
}

@Suite("Convolution")
struct ConvolutionTests {
    static let cases: [ConvolutionCase] = [
        // The first layer: plain bands, from one to more than the library's small-input kernel takes
        .init("one band", .plain(1, 20, 23), oc: 32),
        .init("three bands", .plain(3, 21, 34), oc: 64),
        .init("four bands", .plain(4, 12, 12), oc: 16),
        .init("eight bands", .plain(8, 15, 18), oc: 32),
        .init("thirteen bands", .plain(13, 15, 18), oc: 32),
        .init("seventeen bands", .plain(17, 15, 18), oc: 32),
        // The body: blocked to blocked, odd sizes, channel counts of one block and several
        .init("one block", .blocked(16, 18, 31), oc: 16),
        .init("several blocks", .blocked(48, 13, 17), oc: 80),
        .init("smallest source", .blocked(32, 3, 3), oc: 16),
        .init("one row", .blocked(16, 3, 40), oc: 32, activation: ODNN_LINEAR),
        .init("wide", .blocked(16, 5, 301), oc: 16),
        // The last layer: 1x1 to plain, with any number of classes
        .init("one class", .blocked(32, 11, 13), oc: 1, ODNN_PLAIN, kernel: .square(1), activation: ODNN_LINEAR),
        .init("four classes", .blocked(64, 11, 13), oc: 4, ODNN_PLAIN, kernel: .square(1), activation: ODNN_LINEAR),
        .init("all classes", .blocked(16, 9, 7), oc: 255, ODNN_PLAIN, kernel: .square(1), activation: ODNN_LINEAR),
        // Layouts that a U-Net does not need
        .init("plain to plain", .plain(5, 12, 13), oc: 7, ODNN_PLAIN),
        .init("blocked to plain, 3x3", .blocked(16, 12, 13), oc: 3, ODNN_PLAIN),
        // Other kernels
        .init("1x1 in the body", .blocked(32, 10, 9), oc: 48, kernel: .square(1)),
        .init("5x5", .blocked(16, 14, 15), oc: 32, kernel: .square(5)),
        .init("7x7 stride 2 on bands", .plain(3, 41, 38), oc: 64, kernel: .square(7, stride: 2)),
        .init("stride 2", .blocked(32, 21, 22), oc: 32, kernel: .square(3, stride: 2)),
        .init("1x1 stride 2", .blocked(32, 21, 22), oc: 32, kernel: .square(1, stride: 2)),
        .init("dilation 2", .blocked(32, 17, 19), oc: 32, kernel: .square(3, dilation: 2)),
        .init("dilation 6", .blocked(16, 29, 31), oc: 16, kernel: .square(3, dilation: 6)),
        .init("groups of blocks", .blocked(64, 12, 11), oc: 64, kernel: .square(3, groups: 4)),
        .init("groups within a block", .blocked(32, 12, 11), oc: 32, kernel: .square(3, groups: 8)),
        .init("depthwise", .blocked(32, 12, 11), oc: 32, kernel: .square(3, groups: 32)),
        .init("depthwise stride 2", .blocked(32, 13, 15), oc: 32, kernel: .square(3, stride: 2, groups: 32)),
        .init(
            "not square", .blocked(16, 12, 25), oc: 32,
            kernel: odnn_kernel(
                height: 1, width: 5, stride_y: 1, stride_x: 2, dilation_y: 1, dilation_x: 2, groups: 1)),
        // Windows: through a copy in scratch
        .init("from a window", .blocked(16, 12, 13).inParent(top: 3, left: 2, bottom: 5, right: 1), oc: 32),
        .init("bands from a window", .plain(3, 12, 13).inParent(top: 1, left: 2, bottom: 0, right: 4), oc: 32),
        .init("to a window", .blocked(16, 12, 13), oc: 32).intoWindow(),
        .init("to a plain window", .blocked(16, 12, 13), oc: 5, ODNN_PLAIN).intoWindow(),
    ]

    @Test("direct equals the plain loop", arguments: cases)
    func direct(_ c: ConvolutionCase) throws {
        let operation = try c.makeOperation()
        let result = try operation.run(c.input, at: c.src, bias: c.bias, to: c.dst)
        let expected = Reference.convolution(
            c.input, weights: c.weights, bias: c.bias, oc: Int(c.dst.channels), kernel: c.kernel,
            relu: c.activation == ODNN_RELU)
        let difference = result.largestDifference(from: expected)
        #expect(difference < c.tolerance, "\(operation.implementation)")
    }

    static let winogradCases: [ConvolutionCase] = [
        .init("one block", .blocked(16, 34, 34), oc: 16, algorithm: ODNN_WINOGRAD, tolerance: 1e-4),
        .init("odd sizes", .blocked(32, 27, 39), oc: 64, algorithm: ODNN_WINOGRAD, tolerance: 1e-4),
        .init("many channels", .blocked(256, 12, 12), oc: 64, algorithm: ODNN_WINOGRAD, tolerance: 5e-4),
        .init("smallest source", .blocked(64, 3, 3), oc: 64, algorithm: ODNN_WINOGRAD, tolerance: 1e-4),
    ]

    @Test("Winograd equals the plain loop, or says that there is none", arguments: winogradCases)
    func winograd(_ c: ConvolutionCase) throws {
        let operation: Operation
        do {
            operation = try c.makeOperation()
        } catch let error as StatusError {
            #expect(error.status == odnn_status(ODNN_UNIMPLEMENTED))
            return
        }
        let result = try operation.run(c.input, at: c.src, bias: c.bias, to: c.dst)
        let expected = Reference.convolution(
            c.input, weights: c.weights, bias: c.bias, oc: Int(c.dst.channels), kernel: c.kernel, relu: true)
        let difference = result.largestDifference(from: expected)
        #expect(difference < c.tolerance, "\(operation.implementation)")
    }

    @Test(
        "Winograd is for 3x3 without stride or dilation alone",
        arguments: [
            ConvolutionCase(
                "stride", .blocked(32, 21, 21), oc: 32, kernel: .square(3, stride: 2), algorithm: ODNN_WINOGRAD),
            ConvolutionCase(
                "dilation", .blocked(32, 21, 21), oc: 32, kernel: .square(3, dilation: 2), algorithm: ODNN_WINOGRAD),
            ConvolutionCase("5x5", .blocked(32, 21, 21), oc: 32, kernel: .square(5), algorithm: ODNN_WINOGRAD),
        ])
    func noWinograd(_ c: ConvolutionCase) throws {
        #expect(throws: StatusError(status: odnn_status(ODNN_UNIMPLEMENTED))) { try c.makeOperation() }
    }

    /// The engine pads channels to whole blocks with zero weights and biases: the padding must come out as zeros, and
    /// the others as without it.
    @Test func paddedChannels() throws {
        let full = ConvolutionCase("padded", .blocked(32, 14, 15), oc: 32)
        let used = 21
        var weights = full.weights
        var bias = full.bias
        for o in 0..<32 {
            for i in 0..<32 where o >= used || i >= used {
                for tap in 0..<9 { weights[(o * 32 + i) * 9 + tap] = 0 }
            }
            if o >= used { bias[o] = 0 }
        }
        var src = full.src, dst = full.dst, kernel = full.kernel
        let operation = try Operation(weights: weights) {
            odnn_convolution_create(&src, &dst, &kernel, nil, ODNN_RELU, ODNN_DIRECT, $0)
        }
        let input = Volume.noise(used, 14, 15, seed: 8)
        let result = try operation.run(input, at: full.src, bias: bias, to: full.dst)
        var narrow: [Float] = []
        for o in 0..<used { narrow += weights[(o * 32) * 9..<(o * 32 + used) * 9] }
        let expected = Reference.convolution(
            input, weights: narrow, bias: bias, oc: used, kernel: full.kernel, relu: true)
        let plane = 12 * 13
        #expect(
            Volume(used, 12, 13, values: Array(result.values[..<(used * plane)])).largestDifference(from: expected)
                < 2e-5)
        #expect(result.values[(used * plane)...].allSatisfy { $0 == 0 })
    }
}

@Suite("Transposed convolution")
struct DeconvolutionTests {
    /// Source extents, layout, channels, kernel, and whether dst is a window.
    struct Case: CustomTestStringConvertible, Sendable {
        let regime: String
        let src: odnn_map
        let oc: Int
        var layout = ODNN_BLOCKED
        var kernel: odnn_kernel = .square(2, stride: 2)
        var toWindow = false
        var relu = false
        var testDescription: String { regime }
    }

    static let cases: [Case] = [
        // The U-Net's own: each tap to its own pixels
        .init(regime: "2x2 up", src: .blocked(32, 7, 9), oc: 16),
        .init(regime: "2x2 up, many channels", src: .blocked(64, 5, 5), oc: 96, relu: true),
        .init(regime: "2x2 up of one pixel", src: .blocked(16, 1, 1), oc: 16),
        .init(regime: "2x2 up into a window", src: .blocked(32, 7, 9), oc: 16, toWindow: true),
        .init(
            regime: "2x2 up from a window",
            src: .blocked(32, 7, 9).inParent(top: 1, left: 2, bottom: 3, right: 4), oc: 16),
        .init(regime: "4x4 up", src: .blocked(16, 5, 6), oc: 16, kernel: .square(4, stride: 4)),
        .init(
            regime: "3x2 up", src: .blocked(16, 5, 6), oc: 16,
            kernel: odnn_kernel(
                height: 3, width: 2, stride_y: 3, stride_x: 2, dilation_y: 1, dilation_x: 1, groups: 1)),
        // Overlapping taps, groups, other layouts: the library's own
        .init(regime: "3x3 stride 2", src: .blocked(16, 6, 7), oc: 32, kernel: .square(3, stride: 2)),
        .init(
            regime: "4x4 stride 2 with ReLU", src: .blocked(16, 6, 7), oc: 32, kernel: .square(4, stride: 2), relu: true
        ),
        .init(regime: "groups", src: .blocked(32, 6, 7), oc: 32, kernel: .square(2, stride: 2, groups: 2)),
        .init(regime: "plain, few channels", src: .plain(3, 6, 7), oc: 5, layout: ODNN_PLAIN),
        .init(regime: "blocked to plain", src: .blocked(16, 6, 7), oc: 5, layout: ODNN_PLAIN, toWindow: true),
        .init(regime: "plain to blocked", src: .plain(3, 6, 7), oc: 16),
        .init(regime: "5x5 up", src: .blocked(16, 4, 4), oc: 16, kernel: .square(5, stride: 5)),
    ]

    @Test("equals the plain loop", arguments: cases)
    func equalsReference(_ c: Case) throws {
        var src = c.src, kernel = c.kernel
        let count = Int(src.channels / kernel.groups * kernel.height * kernel.width) * c.oc
        let weights = noise(count: count, seed: 11).map { $0 * 0.2 }
        let bias = noise(count: c.oc, seed: 12)
        let input = Volume.noise(Int(src.channels), Int(src.height), Int(src.width), seed: 13)
        let expected = Reference.deconvolution(
            input, weights: weights, bias: bias, oc: c.oc, kernel: c.kernel, relu: c.relu)
        var dst = odnn_map.dense(c.layout, c.oc, expected.height, expected.width)
        if c.toWindow { dst = dst.inParent(top: 3, left: 1, bottom: 2, right: 2) }
        let operation = try Operation(weights: weights) {
            odnn_deconvolution_create(&src, &dst, &kernel, c.relu ? ODNN_RELU : ODNN_LINEAR, $0)
        }
        let result = try operation.run(input, at: src, bias: bias, to: dst)
        #expect(result.largestDifference(from: expected) < 2e-5, "\(operation.implementation)")
    }
}
