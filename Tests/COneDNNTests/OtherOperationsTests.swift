import COneDNN
import Testing

@Suite("Operations without packed weights")
struct OtherOperationsTests {
    static let layouts = [ODNN_PLAIN, ODNN_BLOCKED]

    struct Copy: CustomTestStringConvertible, Sendable {
        let regime: String
        let src: odnn_map
        let dst: odnn_map
        var testDescription: String { regime }
    }

    static let block = Int(odnn_channel_block())
    static let copies: [Copy] = [
        // Skips: a crop, alone or into a part of a larger buffer
        .init(
            regime: "crop blocked", src: .blocked(48, 9, 11).inParent(top: 4, left: 3, bottom: 5, right: 2),
            dst: .blocked(48, 9, 11)),
        .init(
            regime: "crop plain", src: .plain(5, 9, 11).inParent(top: 4, left: 3, bottom: 5, right: 2),
            dst: .plain(5, 9, 11)),
        .init(
            regime: "window to window", src: .blocked(16, 9, 11).inParent(top: 4, left: 3, bottom: 5, right: 2),
            dst: .blocked(16, 9, 11).inParent(top: 0, left: 7, bottom: 1, right: 0)),
        .init(
            regime: "one pixel", src: .blocked(16, 1, 1).inParent(top: 4, left: 3, bottom: 5, right: 2),
            dst: .blocked(16, 1, 1)),
        .init(
            regime: "full rows", src: .blocked(16, 5, 8).inParent(top: 4, left: 0, bottom: 5, right: 0),
            dst: .blocked(16, 5, 8)),
        // Windows of maps of one size, as a chain moves its rows: oneDNN 3.7.2 takes them for whole maps
        .init(
            regime: "rows to rows above", src: .blocked(48, 2, 16).inParent(top: 6, left: 0, bottom: 4, right: 0),
            dst: .blocked(48, 2, 16).inParent(top: 0, left: 0, bottom: 10, right: 0)),
        .init(
            regime: "a window to another place", src: .blocked(48, 4, 5).inParent(top: 6, left: 1, bottom: 2, right: 9),
            dst: .blocked(48, 4, 5).inParent(top: 1, left: 8, bottom: 7, right: 2)),
        .init(
            regime: "plain rows to rows above", src: .plain(5, 2, 16).inParent(top: 6, left: 0, bottom: 4, right: 0),
            dst: .plain(5, 2, 16).inParent(top: 0, left: 0, bottom: 10, right: 0)),
        .init(regime: "whole map", src: .blocked(32, 9, 11), dst: .blocked(32, 9, 11)),
        // Between layouts, with and without padding channels
        .init(regime: "plain to blocked", src: .plain(32, 9, 11), dst: .blocked(32, 9, 11)),
        .init(regime: "blocked to plain", src: .blocked(32, 9, 11), dst: .plain(32, 9, 11)),
        .init(regime: "bands to a block", src: .plain(3, 9, 11), dst: .blocked(block, 9, 11)),
        .init(regime: "many bands to blocks", src: .plain(block + 5, 9, 11), dst: .blocked(2 * block, 9, 11)),
        .init(
            regime: "bands of a window to a window of a block",
            src: .plain(3, 9, 11).inParent(top: 1, left: 2, bottom: 3, right: 4),
            dst: .blocked(block, 9, 11).inParent(top: 4, left: 3, bottom: 2, right: 1)),
        .init(regime: "a block to classes", src: .blocked(block, 9, 11), dst: .plain(4, 9, 11)),
        .init(
            regime: "a window of blocks to classes",
            src: .blocked(2 * block, 9, 11).inParent(top: 1, left: 2, bottom: 3, right: 4),
            dst: .plain(block + 1, 9, 11).inParent(top: 1, left: 1, bottom: 1, right: 1)),
    ]

    @Test("copy moves values as they are, and pads with zeros", arguments: copies)
    func copy(_ c: Copy) throws {
        var src = c.src, dst = c.dst
        let operation = try Operation { odnn_copy_create(&src, &dst, $0) }
        #expect(!operation.implementation.hasPrefix("ref"), "\(operation.implementation)")
        let input = Volume.noise(Int(src.channels), Int(src.height), Int(src.width), seed: 21)
        let result = try operation.run(input, at: src, to: dst)
        for ch in 0..<result.channels {
            for y in 0..<result.height {
                for x in 0..<result.width where result[ch, y, x] != (ch < input.channels ? input[ch, y, x] : 0) {
                    Issue.record("channel \(ch), row \(y), column \(x) differs (\(operation.implementation))")
                    return
                }
            }
        }
    }

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
