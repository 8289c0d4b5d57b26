import InferenceEngine
import NetworkGraph
import TestNetworks
import Testing

/// The promise that everything else serves: a tile's output is a window of the whole's.
@Suite struct TiledEqualsWholeTests {
    struct Case: CustomTestStringConvertible, Sendable {
        var depth: Int
        var norm = PaperUNet.TestNorm.none
        var bilinear = false
        var bands = 1
        var classes = 2
        var base = 3

        var network: SeamlessNetwork {
            get throws {
                try SeamlessNetwork(
                    PaperUNet.random(
                        bands: bands, classes: classes, depth: depth, base: base, norm: norm, bilinear: bilinear
                    ).graph().foldingNormalizations())
            }
        }
        var testDescription: String {
            "depth \(depth), norm \(norm), \(bilinear ? "bilinear" : "up-convolution"), \(bands) to \(classes), base \(base)"
        }
    }

    static let cases = [
        Case(depth: 1),
        Case(depth: 2),
        Case(depth: 3, norm: .afterReLU),
        Case(depth: 3, norm: .beforeReLU, bands: 4),
        Case(depth: 2, bilinear: true, classes: 1),
        Case(depth: 3, norm: .afterReLU, bilinear: true),
    ]

    /// Plain loops: every pixel is the same sum in the same order, so that tiles agree to the last bit.
    @Test(arguments: cases)
    func onPlainLoops(_ testCase: Case) throws {
        let network = try testCase.network
        let (stride, side) = (network.stride, 4 * network.stride)
        let whole = try outputWindow(
            network, row: 0, column: 0, height: side, width: side, backend: ReferenceBackend())
        for (row, column, height, width) in [(0, 0, 1, 1), (1, 2, 1, 2), (3, 1, 1, 3), (2, 0, 2, 4)] {
            let tile = try outputWindow(
                network, row: row * stride, column: column * stride, height: height * stride, width: width * stride,
                backend: ReferenceBackend())
            let (rows, columns) = (row * stride..<(row + height) * stride, column * stride..<(column + width) * stride)
            #expect(tile == whole.window(rows: rows, columns: columns), "tile at \(row), \(column)")
        }
    }

    /// oneDNN sums in an order of its own, Winograd's even differs between sizes: close, not equal.
    @Test(arguments: cases + [Case(depth: 3, base: 32), Case(depth: 2, bands: 3, classes: 5, base: 20)])
    func onOneDNN(_ testCase: Case) throws {
        let network = try testCase.network
        let side = 4 * network.stride
        let backend = OneDNNBackend()
        let whole = try outputWindow(network, row: 0, column: 0, height: side, width: side, backend: backend)
        let tile = try outputWindow(
            network, row: network.stride, column: 2 * network.stride, height: network.stride, width: network.stride,
            backend: backend)
        let (rows, columns) = (network.stride..<2 * network.stride, 2 * network.stride..<3 * network.stride)
        #expect(tile.maxDifference(whole.window(rows: rows, columns: columns)) < 2e-5)
    }

    @Test(arguments: cases + [Case(depth: 2, base: 32), Case(depth: 2, bands: 3, classes: 5, base: 20)])
    func oneDNNAgreesWithPlainLoops(_ testCase: Case) throws {
        let network = try testCase.network
        let side = 2 * network.stride
        let expected = try outputWindow(
            network, row: 0, column: 0, height: side, width: side, backend: ReferenceBackend())
        let actual = try outputWindow(network, row: 0, column: 0, height: side, width: side, backend: OneDNNBackend())
        #expect(actual.maxDifference(expected) < 2e-5)
        #expect(expected.elements.contains { abs($0) > 0.01 }, "the network says something")
    }

    @Test(arguments: cases)
    func foldingNormalisationsChangesNothing(_ testCase: Case) throws {
        let network = try testCase.network
        let unfolded = try SeamlessNetwork(
            PaperUNet.random(
                bands: testCase.bands, classes: testCase.classes, depth: testCase.depth, base: testCase.base,
                norm: testCase.norm, bilinear: testCase.bilinear
            ).graph())
        let side = network.stride
        let expected = try outputWindow(
            unfolded, row: 0, column: 0, height: side, width: side, backend: ReferenceBackend())
        let actual = try outputWindow(
            network, row: 0, column: 0, height: side, width: side, backend: ReferenceBackend())
        #expect(actual.maxDifference(expected) < 1e-4)
    }
}
