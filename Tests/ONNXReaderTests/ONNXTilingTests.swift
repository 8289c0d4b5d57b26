import NetworkGraph
import ONNXReader
import Testing
import TestModelFiles
import TestNetworks

/// How networks are tiled that resize maps by factors that are not whole.
@Suite struct ONNXTilingTests {
    /// A third of the size, then times `first`, then times `second`.
    private func network(first: Float, second: Float) throws -> TiledNetwork {
        let bytes = ONNXWriter.model {
            $0.weights("first", [4], [1, 1, first, first])
            $0.weights("second", [4], [1, 1, second, second])
            $0.node("MaxPool", ["x"], ["a"], ["kernel_shape": .ints([3, 3]), "strides": .ints([3, 3])])
            $0.node("Resize", ["a", "", "first"], ["b"], name: "odd", ["mode": .string("linear")])
            $0.node("Resize", ["b", "", "second"], ["y"], ["mode": .string("linear")])
        }
        return try ONNXModel.read(bytes: bytes).graph.tiled().network
    }

    /// Half of a pixel is lost for every other stride of 3: the network was refused for that.
    @Test func outputsGrowOverTwoStrides() throws {
        guard case .fixedTiles(let tiled) = try network(first: 1.5, second: 2) else {
            Issue.record("not seamless")
            return
        }
        #expect(tiled.stride == 6 && tiled.tileRemainder == 0)
        #expect(tiled.reason?.description.contains("'odd'") == true)
        #expect(try tiled.computation(tile: 60, margin: 12).input.rows.count == 60)
    }

    /// Twice or half of the input's size, of one size alone: the middle of the picture was taken for its mask.
    @Test("outputs of another size are refused for fixed sizes, too", arguments: [2, 0.5, 1.5] as [Float])
    func otherSizesOfOutput(factor: Float) throws {
        func network(_ factor: Float) throws -> TiledNetwork {
            var writer = ONNXWriter()
            writer.input("x", [1, 6, 64, 64])
            writer.weights("factor", [4], [1, 1, factor, factor])
            writer.node("GlobalAveragePool", ["x"], ["m"])
            writer.node("Mul", ["x", "m"], ["a"])
            writer.node("Resize", ["a", "", "factor"], ["y"], ["mode": .string("linear")])
            writer.output("y", nil)
            return try ONNXModel.read(bytes: writer.bytes).graph.tiled().network
        }
        #expect(throws: NetworkError.self) { try network(factor) }
        #expect(try network(1).onlyTile == 64)
    }

    /// Padding by a mirrored pixel, then 3 x 3 windows at every second: the last mirrored pixel is never read, and no size
    /// was taken for even.
    @Test("anti-aliased pooling of open size runs on fixed tiles", arguments: ["reflect", "edge", "constant"])
    func antiAliasedPooling(mode: String) throws {
        let bytes = ONNXWriter.model {
            $0.integers("pads", [0, 0, 1, 1, 0, 0, 1, 1])
            $0.weights("w", [6, 1, 3, 3])
            $0.weights("factors", [4], [1, 1, 2, 2])
            $0.node("Pad", ["x", "pads"], ["p"], name: "the padding", ["mode": .string(mode)])
            $0.node("Conv", ["p", "w"], ["c"], ["group": .int(6), "strides": .ints([2, 2])])
            $0.node("Resize", ["c", "", "factors"], ["y"])
        }
        switch try ONNXModel.read(bytes: bytes).graph.tiled().network {
        case .seamless: #expect(mode == "constant")
        case .fixedTiles(let network):
            #expect(mode != "constant" && network.stride == 2 && network.tileRemainder == 0 && network.onlyTile == nil)
            #expect(network.reason?.description.contains("'the padding'") == true)
            #expect(try network.computation(tile: 64, margin: 8).outputHeight == 48)
        }
    }

    @Test func outputsThatDoNotGrowAreRefusedWithTheirSizes() throws {
        #expect {
            try network(first: 1.5, second: 1)
        } throws: {
            "\($0)".contains("give outputs of") || "\($0)".contains("output pixel covers")
        }
    }
}
