import COneDNN
import Testing
import TestMaps

@Suite("Convolution with zeros around its source")
struct PaddingTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let regime: String
        let src: odnn_map
        var oc = 32
        var layout = ODNN_BLOCKED
        let padding: odnn_padding
        var algorithm = ODNN_DIRECT
        var testDescription: String { regime }
    }

    static let cases: [Case] = [
        .init(regime: "one on every side", src: .blocked(32, 9, 12), padding: .all(1)),
        // What a tile's corner sees: zeros on two sides, the map's own pixels on the others
        .init(regime: "a corner", src: .blocked(16, 8, 8), padding: odnn_padding(top: 1, left: 1, bottom: 0, right: 0)),
        .init(
            regime: "an edge, further out", src: .blocked(16, 8, 8),
            padding: odnn_padding(top: 0, left: 2, bottom: 0, right: 0)),
        .init(regime: "bands", src: .plain(3, 10, 11), padding: .all(1)),
        .init(regime: "to plain", src: .blocked(16, 10, 11), oc: 5, layout: ODNN_PLAIN, padding: .all(1)),
        .init(regime: "Winograd", src: .blocked(64, 16, 18), oc: 64, padding: .all(1), algorithm: ODNN_WINOGRAD),
    ]

    @Test("equals a convolution of the map with its zeros", arguments: cases)
    func equalsExplicitZeros(_ c: Case) throws {
        let (top, left) = (Int(c.padding.top), Int(c.padding.left))
        let (height, width) = (Int(c.src.height), Int(c.src.width))
        let weights = noise(count: c.oc * Int(c.src.channels) * 9, seed: 21).map { $0 * 0.2 }
        let bias = noise(count: c.oc, seed: 22)
        let input = Volume.noise(Int(c.src.channels), height, width, seed: 23)
        var padded = Volume(
            input.channels, top + height + Int(c.padding.bottom), left + width + Int(c.padding.right))
        for channel in 0..<input.channels {
            for y in 0..<height { for x in 0..<width { padded[channel, top + y, left + x] = input[channel, y, x] } }
        }
        let expected = Reference.convolution(
            padded, weights: weights, bias: bias, oc: c.oc, kernel: .square(3), relu: true)
        var (src, kernel, padding) = (c.src, odnn_kernel.square(3), c.padding)
        var dst = odnn_map.dense(c.layout, c.oc, expected.height, expected.width)
        let operation: Operation
        do {
            operation = try Operation(weights: weights) {
                odnn_convolution_create(&src, &dst, &kernel, &padding, ODNN_RELU, c.algorithm, $0)
            }
        } catch let error as StatusError where c.algorithm == ODNN_WINOGRAD {
            #expect(error.status == odnn_status(ODNN_UNIMPLEMENTED))
            return
        }
        let result = try operation.run(input, at: src, bias: bias, to: dst)
        #expect(result.largestDifference(from: expected) < (c.algorithm == ODNN_WINOGRAD ? 1e-4 : 2e-5))
    }

    @Test("wider than the map, or negative, is refused", arguments: [-1, 9, 1 << 40])
    func refused(_ amount: Int64) {
        var (src, dst, kernel) = (odnn_map.blocked(16, 8, 8), odnn_map.blocked(16, 8, 8), odnn_kernel.square(3))
        var padding = odnn_padding(top: 1, left: 1, bottom: amount, right: 1)
        var out: OpaquePointer?
        let status = odnn_convolution_create(&src, &dst, &kernel, &padding, ODNN_LINEAR, ODNN_DIRECT, &out)
        #expect(status == odnn_status(ODNN_INVALID))
    }
}

extension odnn_padding {
    fileprivate static func all(_ pixels: Int64) -> odnn_padding {
        odnn_padding(top: pixels, left: pixels, bottom: pixels, right: pixels)
    }
}
