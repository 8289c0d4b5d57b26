import NetworkGraph
import ONNXReader
import Testing
import TestNetworks

/// Graphs whose sizes, strides and indices overflow, or make a search endless: refused at once, each with its reason.
@Suite struct ONNXHostileGeometryTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let testDescription: String
        /// Words of the error; nil for a graph that is sound, only odd.
        let says: String?
        let channels: ONNXWriter.Extent
        let write: @Sendable (inout ONNXWriter) -> Void

        init(
            _ testDescription: String, says: String?, channels: ONNXWriter.Extent = 1,
            _ write: @escaping @Sendable (inout ONNXWriter) -> Void
        ) {
            (self.testDescription, self.says, self.channels, self.write) = (testDescription, says, channels, write)
        }
    }

    /// A chain of equal nodes, from `x` on, and a convolution behind it.
    private static func chain(
        _ operatorType: String, _ count: Int, reading inputs: [String] = [],
        _ attributes: [String: ONNXWriter.Attribute],
        in writer: inout ONNXWriter
    ) {
        writer.weights("w", [1, 1, 1, 1], [1])
        writer.weights("w3", [1, 1, 3, 3])
        for index in 0..<count {
            writer.node(operatorType, [index == 0 ? "x" : "c\(index - 1)"] + inputs, ["c\(index)"], attributes)
        }
        writer.node("Conv", ["c\(count - 1)", "w"], ["y"])
    }

    static let huge = ONNXWriter.Attribute.ints([65536, 65536])
    static let one = ONNXWriter.Attribute.ints([1, 1])

    static let cases: [Case] = [
        // Folded constants: a length below all whole numbers, and a step far beyond the axis.
        Case("a range of negative length", says: nil) {
            $0.initializer(ONNXWriter.tensor("a", [], type: 1) { $0.floats(9, [0]) })
            $0.initializer(ONNXWriter.tensor("b", [], type: 1) { $0.floats(9, [-3e38]) })
            $0.initializer(ONNXWriter.tensor("c", [], type: 1) { $0.floats(9, [1e-20]) })
            $0.node("Range", ["a", "b", "c"], ["r"])
            $0.node("Shape", ["r"], ["s"])
            $0.node("Relu", ["x"], ["y"])
        },
        Case("a slice with a step beyond the axis", says: "") {
            for (name, value) in [("s", 0), ("e", 100), ("a", 2), ("t", 1 << 40)] { $0.integers(name, [value]) }
            $0.node("Slice", ["x", "s", "e", "a", "t"], ["y"])
        },
        // Strides whose product overflows, or leaves nothing of any tile.
        Case("two poolings by 65536", says: "16384 pixels") {
            chain("MaxPool", 2, ["kernel_shape": one, "strides": huge], in: &$0)
        },
        Case("four poolings by 65536", says: "16384 pixels") {
            chain("MaxPool", 4, ["kernel_shape": one, "strides": huge], in: &$0)
        },
        Case("five convolutions by 65536", says: "16384 pixels") {
            chain("Conv", 5, reading: ["w"], ["strides": huge, "dilations": huge], in: &$0)
        },
        // Receptive fields beyond all tiles.
        Case("three hundred dilations of 65536", says: "depend on more than 16384 pixels") {
            chain(
                "Conv", 300, reading: ["w3"], ["dilations": huge, "pads": .ints([65536, 65536, 65536, 65536])], in: &$0)
        },
        Case("padding that is as far as a dilation", says: "") {
            $0.weights("w", [1, 1, 40000, 1], [Float](repeating: 0, count: 40000))
            $0.node("Conv", ["x", "w"], ["y"], ["dilations": huge, "auto_pad": .string("SAME_UPPER")])
        },
        // Pixels in one row where parameters belong: each rewriting of the operator would find them there again.
        Case("a power whose exponent is the scene in one row", says: "where its parameters belong") {
            $0.integers("shape", [1, 1, -1])
            $0.node("Reshape", ["x", "shape"], ["t"])
            $0.node("Pow", ["t", "t"], ["y"])
        },
        Case("a clipping whose limit is the scene in one row", says: "where its parameters belong") {
            $0.integers("shape", [1, 1, -1])
            $0.node("Reshape", ["x", "shape"], ["t"])
            $0.node("Clip", ["x", "t"], ["y"])
        },
        Case("a sum of three terms, all in one row", says: "where its parameters belong") {
            $0.integers("shape", [1, 1, -1])
            $0.node("Reshape", ["x", "shape"], ["t"])
            $0.node("Add", ["t", "t", "t"], ["y"])
        },
        // Weights and maps out of all proportion.
        Case("a transposed convolution full of gaps", says: "gaps are filled") {
            $0.weights("w", [1, 1, 3, 3])
            $0.node(
                "ConvTranspose", ["x", "w"], ["y"],
                ["dilations": .ints([5000, 5000]), "pads": .ints([5000, 5000, 5000, 5000])])
        },
        Case("a map of 2^18 channels", says: "values for each pixel") {
            $0.weights("w", [1 << 18, 1, 1, 1])
            $0.weights("v", [1, 1 << 18, 1, 1])
            $0.node("Conv", ["x", "w"], ["z"], name: "wide")
            $0.node("Conv", ["z", "v"], ["y"])
        },
        Case("more bands than any scene", says: "65535 at most", channels: .fixed(1 << 20)) {
            $0.node("Relu", ["x"], ["y"])
        },
        Case("more operations than any network", says: "more than 10000 operations") {
            chain("Relu", 10_001, [:], in: &$0)
        },
        Case("more channels than any network", says: "channels, which no network needs") {
            $0.integers("shape", [1 << 18, 1, 1, 1])
            $0.node("ConstantOfShape", ["shape"], ["w"])
            for index in 0..<40 { $0.node("Conv", ["x", "w"], ["c\(index)"]) }
            for index in 0..<40 { $0.node("Add", [index == 0 ? "c0" : "s\(index - 1)", "c\(index)"], ["s\(index)"]) }
            $0.node("Relu", ["s39"], ["y"])
        },
        Case("more channels than any map", says: "larger than any that is computed") {
            $0.integers("shape", [(1 << 18) + 1, 1, 1, 1])
            $0.node("ConstantOfShape", ["shape"], ["w"])
            $0.node("Conv", ["x", "w"], ["y"])
        },
        Case("a constant that is mirrored", says: "gets a constant") {
            $0.integers("shape", [1, 1, 4, 4])
            $0.integers("pads", [0, 0, 1, 1, 0, 0, 1, 1])
            $0.node("ConstantOfShape", ["shape"], ["c"])
            $0.node("Pad", ["c", "pads"], ["p"], ["mode": .string("reflect")])
            $0.node("Add", ["x", "p"], ["y"])
        },
        Case("places in a value without axes", says: "picks by places of shape (1) from shape ()") {
            $0.integers("place", [0])
            $0.node("ReduceMean", ["x"], ["m"], ["keepdims": .int(0)])
            $0.node("GatherND", ["m", "place"], ["p"])
            $0.node("Add", ["x", "p"], ["y"])
        },
        Case("an axis of more elements than are picked", says: "more than is computed") {
            $0.integers("row", [1, 1, -1])
            $0.integers("pads", [0, 0, 1 << 20, 0, 0, 1 << 20])
            $0.node("Reshape", ["x", "row"], ["r"])
            $0.node("Pad", ["r", "pads"], ["y"])
        },
        Case("weights that pick, without end", says: "more than is computed") {
            $0.integers("pads", [0, 0, 0, 0, 0, 2047, 0, 0])
            $0.integers("order", Array((0..<2048).reversed()))
            $0.node("Pad", ["x", "pads"], ["c0"])
            for index in 1...4 { $0.node("Gather", ["c\(index - 1)", "order"], ["c\(index)"], ["axis": .int(1)]) }
            $0.node("Relu", ["c4"], ["y"])
        },
        Case("masks without end", says: "too many that compute with constants") {
            $0.integers("ends", [1 << 20])
            $0.integers("zero", [0])
            $0.integers("one", [1])
            $0.integers("shape", [1, 1, 1024, 1024])
            $0.weights("half", [1])
            $0.node("Range", ["zero", "ends", "one"], ["line"])
            $0.node("Less", ["line", "one"], ["few"])
            $0.node("Reshape", ["few", "shape"], ["mask"])
            $0.node("GlobalAveragePool", ["x"], ["m0"])
            for index in 1...40 { $0.node("Where", ["mask", "m\(index - 1)", "half"], ["m\(index)"]) }
            $0.node("Relu", ["m40"], ["y"])
        },
        Case("products of constants without end", says: "too many that compute with constants") {
            $0.integers("shape", [406, 406])
            $0.node("ConstantOfShape", ["shape"], ["a0"])
            for index in 1...60 { $0.node("MatMul", ["a\(index - 1)", "a0"], ["a\(index)"]) }
            $0.node("ReduceMean", ["a60"], ["m"])
            $0.node("Add", ["x", "m"], ["y"])
        },
    ]

    @Test(arguments: cases) func isRefusedAtOnce(_ c: Case) throws {
        let bytes = ONNXWriter.model(channels: c.channels, c.write)
        var refusal: String?
        do { _ = try ONNXModel.read(bytes: bytes).graph.tiled() } catch { refusal = "\(error)" }
        guard let says = c.says else {
            #expect(refusal == nil)
            return
        }
        #expect(refusal?.contains(says) == true, "\(refusal ?? "it was taken")")
    }

    /// Thousands of crops, or of normalisations, one behind the other: whoever follows them must not call itself.
    @Test func longChainsAreFollowed() throws {
        let crops = ONNXWriter.model(channels: 1) {
            $0.integers("in", [0, 0, 1, 1, 0, 0, 1, 1])
            $0.integers("out", [0, 0, -1, -1, 0, 0, -1, -1])
            $0.weights("w", [1, 1, 1, 1], [2])
            $0.node("Conv", ["x", "w"], ["c0"])
            for index in 1...2000 {
                $0.node("Pad", ["c\(index - 1)", index.isMultiple(of: 2) ? "out" : "in"], ["c\(index)"])
            }
            $0.node("Conv", ["c2000", "w"], ["y"])
        }
        guard case .seamless(let network) = try ONNXModel.read(bytes: crops).graph.tiled().network else {
            Issue.record("not seamless")
            return
        }
        #expect(network.stride == 1 && network.margin <= 1)
        let norms = ONNXWriter.model(channels: 1) {
            $0.weights("w", [1, 1, 1, 1], [2])
            $0.weights("s", [1, 1, 1], [1.0001])
            $0.node("Conv", ["x", "w"], ["c0"])
            for index in 1...2000 { $0.node("Mul", ["c\(index - 1)", "s"], [index == 2000 ? "y" : "c\(index)"]) }
        }
        guard case .seamless(let scaled) = try ONNXModel.read(bytes: norms).graph.tiled().network else {
            Issue.record("not seamless")
            return
        }
        let folded = scaled.computation(height: 8, width: 8).graph
        #expect(folded.nodes.count < 2002 && folded.nodes.count > 1900)
    }
}
