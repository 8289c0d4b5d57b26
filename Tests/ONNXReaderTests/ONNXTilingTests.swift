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

    @Test func outputsThatDoNotGrowAreRefusedWithTheirSizes() throws {
        #expect {
            try network(first: 1.5, second: 1)
        } throws: {
            "\($0)".contains("give outputs of") || "\($0)".contains("output pixel covers")
        }
    }
}
