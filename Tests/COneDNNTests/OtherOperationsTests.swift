import COneDNN
import Testing
import TestMaps

@Suite("Operations without packed weights")
struct OtherOperationsTests {
    static let layouts = [ODNN_PLAIN, ODNN_BLOCKED]

    struct Pooling: CustomTestStringConvertible, Sendable {
        let regime: String
        let height: Int
        let width: Int
        let kernel: odnn_kernel
        var testDescription: String { regime }
    }

    static let poolings: [Pooling] = [
        .init(regime: "2x2", height: 12, width: 18, kernel: .square(2, stride: 2)),
        .init(regime: "2x2, odd sizes drop the last", height: 13, width: 19, kernel: .square(2, stride: 2)),
        .init(regime: "3x3 stride 2", height: 13, width: 20, kernel: .square(3, stride: 2)),
        .init(regime: "3x3 stride 1", height: 5, width: 7, kernel: .square(3)),
        .init(regime: "4x4", height: 12, width: 16, kernel: .square(4, stride: 4)),
        .init(regime: "dilated", height: 12, width: 16, kernel: .square(2, stride: 2, dilation: 2)),
        .init(regime: "one output", height: 2, width: 2, kernel: .square(2, stride: 2)),
    ]

    @Test("max pooling equals the plain loop", arguments: poolings, layouts)
    func maxPooling(_ c: Pooling, layout: odnn_layout) throws {
        // All below zero: an implicit zero anywhere would win.
        var input = Volume.noise(32, c.height, c.width, seed: 31)
        for n in input.values.indices { input.values[n] -= 2 }
        let expected = Reference.maxPooling(input, kernel: c.kernel)
        var src = odnn_map.dense(layout, 32, c.height, c.width), kernel = c.kernel
        var dst = odnn_map.dense(layout, 32, expected.height, expected.width)
        let operation = try Operation { odnn_max_pooling_create(&src, &dst, &kernel, $0) }
        #expect(try operation.run(input, at: src, to: dst) == expected, "\(operation.implementation)")
    }

    @Test("bilinear equals the plain loop", arguments: [(2, 2), (3, 3), (4, 2), (1, 2), (8, 8)], layouts)
    func bilinear(_ factor: (Int, Int), layout: odnn_layout) throws {
        let input = Volume.noise(16, 7, 9, seed: 41)
        let expected = Reference.bilinear(input, height: 7 * factor.0, width: 9 * factor.1)
        var src = odnn_map.dense(layout, 16, 7, 9)
        var dst = odnn_map.dense(layout, 16, expected.height, expected.width)
        let operation = try Operation { odnn_bilinear_create(&src, &dst, $0) }
        let result = try operation.run(input, at: src, to: dst)
        #expect(result.largestDifference(from: expected) < 2e-6, "\(operation.implementation)")
    }

    static let sizes = [(16, 1, 1), (16, 7, 5), (48, 9, 11)]

    @Test("ReLU", arguments: sizes, layouts)
    func relu(_ size: (Int, Int, Int), layout: odnn_layout) throws {
        let input = Volume.noise(size.0, size.1, size.2, seed: 51)
        var map = odnn_map.dense(layout, size.0, size.1, size.2), dst = map
        let operation = try Operation { odnn_relu_create(&map, &dst, $0) }
        #expect(try operation.run(input, at: map, to: map).values == input.values.map { max(0, $0) })
    }

    @Test("affine scales and shifts each channel", arguments: sizes, layouts)
    func affine(_ size: (Int, Int, Int), layout: odnn_layout) throws {
        let input = Volume.noise(size.0, size.1, size.2, seed: 61)
        let scales = noise(count: size.0, seed: 62), shifts = noise(count: size.0, seed: 63)
        var map = odnn_map.dense(layout, size.0, size.1, size.2), dst = map
        let operation = try Operation(weights: scales) { odnn_affine_create(&map, &dst, $0) }
        let result = try operation.run(input, at: map, bias: shifts, to: map)
        var expected = input
        let plane = size.1 * size.2
        for n in expected.values.indices {
            expected.values[n] = expected.values[n] * scales[n / plane] + shifts[n / plane]
        }
        #expect(result.largestDifference(from: expected) < 1e-6, "\(operation.implementation)")
    }

    @Test("addition", arguments: sizes, layouts)
    func addition(_ size: (Int, Int, Int), layout: odnn_layout) throws {
        let one = Volume.noise(size.0, size.1, size.2, seed: 71)
        let two = Volume.noise(size.0, size.1, size.2, seed: 72)
        var map = odnn_map.dense(layout, size.0, size.1, size.2), dst = map
        let operation = try Operation { odnn_addition_create(&map, &dst, $0) }
        let result = try operation.run(one, at: map, other: two, to: map)
        #expect(result.values == zip(one.values, two.values).map { $0 + $1 }, "\(operation.implementation)")
    }

    @Test("element by element works in place", arguments: layouts)
    func inPlace(_ layout: odnn_layout) throws {
        var map = odnn_map.dense(layout, 48, 9, 11), dst = map
        let values = noise(count: map.parentCount, seed: 81), other = noise(count: map.parentCount, seed: 82)
        let scales = noise(count: 48, seed: 83), shifts = noise(count: 48, seed: 84)
        let relu = try Operation { odnn_relu_create(&map, &dst, $0) }
        #expect(try relu.run(src: values, dst: values, inPlace: true) == values.map { max(0, $0) })
        let addition = try Operation { odnn_addition_create(&map, &dst, $0) }
        #expect(
            try addition.run(src: values, other: other, dst: values, inPlace: true)
                == zip(values, other).map { $0 + $1 })
        let affine = try Operation(weights: scales) { odnn_affine_create(&map, &dst, $0) }
        #expect(
            try affine.run(src: values, bias: shifts, dst: values, inPlace: true)
                == affine.run(src: values, bias: shifts, dst: values))
    }
}
