import ONNXReader
import StoredTensors
import Testing
import TestModelFiles
import TestNetworks

/// Names, order, inputs and outputs.
@Suite struct ONNXGraphTests {
    @Test func initializersThatAreListedAsInputsDoNotCount() throws {
        let model = ONNXWriter.model(channels: 2) {
            $0.input("w", [4, 2, 1, 1])
            $0.weights("w", [4, 2, 1, 1])
            $0.node("Conv", ["x", "w"], ["y"])
        }
        #expect(try ONNXModel.resolved(bytes: model).outputShape.extents == [4, 32, 48])
    }

    @Test func nodesThatTheOutputDoesNotNeedAreLeftOut() throws {
        let model = ONNXWriter.model {
            $0.node("NoSuchOperator", ["x"], ["a"])
            $0.node("Relu", ["x"], ["y"])
            $0.node("Loop", ["y"], ["b"])
        }
        #expect(try ONNXModel.resolved(bytes: model).operatorTypes == ["input", "Relu"])
    }

    @Test func nodesThatWereAskedForTheirShapeAreLeftOut() throws {
        let model = ONNXWriter.model {
            $0.node("MaxPool", ["x"], ["a"], ["kernel_shape": .ints([2, 2]), "strides": .ints([2, 2])])
            $0.node("Shape", ["a"], ["s"])
            $0.node("Resize", ["x", "", "", "s"], ["y"])
        }
        let network = try ONNXModel.resolved(bytes: model)
        #expect(network.operatorTypes == ["input", "Resize"])
        #expect(network.outputShape.extents == [6, 16, 24])
    }

    /// Converters to float16 write their casts at the end.
    @Test(
        "nodes in any order are put in order", arguments: [[0, 1, 2, 3], [3, 2, 1, 0], [2, 0, 3, 1], [1, 3, 0, 2]])
    func order(_ order: [Int]) throws {
        let model = ONNXWriter.model {
            for index in order {
                $0.node(
                    "Relu", [index == 0 ? "x" : "v\(index)"], [index == 3 ? "y" : "v\(index + 1)"], name: "\(index)")
            }
        }
        #expect(try ONNXModel.resolved(bytes: model).nodes.dropFirst().map(\.name) == ["0", "1", "2", "3"])
    }

    /// What an `If` reads from around it comes before it, too.
    @Test func branchesWaitForWhatTheyRead() throws {
        let branch = ONNXWriter.branch([ONNXWriter.node("Relu", ["late"], ["inner"])], outputs: ["inner"])
        let model = ONNXWriter.model {
            $0.node("If", ["c"], ["y"], ["then_branch": .graph(branch), "else_branch": .graph(branch)])
            $0.node("HardSwish", ["x"], ["late"])
            $0.initializer(ONNXWriter.tensor("c", [], type: 9) { $0.packed(5, [1]) })
        }
        #expect(try ONNXModel.resolved(bytes: model).operatorTypes == ["input", "HardSwish", "Relu"])
    }

    @Test(
        "the best of the scores, and what converts it, is left out",
        arguments: [
            ("ArgMax", [], 1), ("ArgMax", ["Cast"], 1), ("ArgMax", ["Squeeze", "Cast"], -3),
            ("ArgMax", ["Identity"], 1),
        ])
    func classes(_ type: String, behind: [String], axis: Int) throws {
        let model = ONNXWriter.model(output: "out", outputShape: nil) {
            $0.integers("axes", [1])
            $0.node("Softmax", ["x"], ["v0"], ["axis": .int(1)])
            $0.node(type, ["v0"], behind.isEmpty ? ["out"] : ["v1"], ["axis": .int(axis)])
            for (index, type) in behind.enumerated() {
                let more = type == "Squeeze" ? ["axes"] : []
                $0.node(
                    type, ["v\(index + 1)"] + more, [index == behind.count - 1 ? "out" : "v\(index + 2)"],
                    type == "Cast" ? ["to": .int(2)] : [:])
            }
        }
        let network = try ONNXModel.resolved(bytes: model)
        #expect(network.operatorTypes == ["input", "Softmax"] && network.outputShape.extents == [6, 32, 48])
    }

    @Test func theBestAlongAnotherAxisIsRefused() throws {
        let model = ONNXWriter.model(outputShape: nil) { $0.node("ArgMax", ["x"], ["y"], ["axis": .int(2)]) }
        let error = try ONNXModel.error(bytes: model)
        #expect(error?.code == .unsupportedNetwork)
        #expect(error?.message.contains("axis 2") == true && error?.message.contains("not the classes") == true)
    }

    @Test func outputsAreChosenByName() throws {
        var writer = ONNXWriter()
        writer.input("x", ["n", 6, "h", "w"])
        writer.node("GlobalAveragePool", ["x"], ["whole"])
        writer.node("Relu", ["x"], ["main"])
        writer.node("Sigmoid", ["x"], ["aux"])
        writer.output("whole", ["n", 6])
        writer.output("main", ["n", 6, "h", "w"])
        writer.output("aux", ["n", 6, "h", "w"])
        let file = MemoryFile(writer.bytes)
        let first = try ONNXModel(path: file.path)
        #expect(first.graph.outputName == "main" && first.graph.otherOutputs == ["whole", "aux"])
        let other = try ONNXModel(path: file.path, output: "aux")
        #expect(try other.graph.resolved(height: 8, width: 8).last.operatorType == "Sigmoid")
        #expect(other.graph.otherOutputs == ["whole", "main"])
    }

    @Test(
        "pixels of whole numbers are taken where they become floats at once",
        arguments: [(2, true), (5, true), (2, false), (9, true)])
    func integerInputs(type: Int, isCast: Bool) throws {
        var writer = ONNXWriter()
        writer.input("x", ["n", 6, "h", "w"], type: type)
        writer.node(isCast ? "Cast" : "Relu", ["x"], ["a"], isCast ? ["to": .int(1)] : [:])
        writer.node("Relu", ["a"], ["y"])
        writer.output("y", ["n", 6, "h", "w"])
        let isTaken = isCast && type != 9
        let error = try ONNXModel.error(bytes: writer.bytes)
        #expect((error == nil) == isTaken)
        if isTaken {
            #expect(try ONNXModel.read(bytes: writer.bytes).graph.input.integerType == (type == 2 ? "uint8" : "int16"))
        }
    }

    @Test(
        "graphs that contradict themselves",
        arguments: [
            // What is wrong, the nodes as (inputs, outputs), and words of the message.
            (
                "cycle", [(["x", "b"], ["a"]), (["a", "a"], ["b"]), (["b", "x"], ["y"])], ["cycle", "'node 0'", "'b'"]
            ),
            ("own input", [(["x", "y"], ["y"])], ["cycle"]),
            ("undefined", [(["x", "nowhere"], ["y"])], ["nothing", "'nowhere'"]),
            ("twice", [(["x", "x"], ["a"]), (["x", "x"], ["a"]), (["a", "a"], ["y"])], ["'a'", "already"]),
            ("the input again", [(["x", "x"], ["x"]), (["x", "x"], ["y"])], ["'x'", "already"]),
            ("no output", [(["x", "x"], ["a"])], ["output", "'y'"]),
        ] as [(String, [([String], [String])], [String])])
    func contradictions(name: String, nodes: [([String], [String])], words: [String]) throws {
        let model = ONNXWriter.model {
            for (index, node) in nodes.enumerated() { $0.node("Add", node.0, node.1, name: "node \(index)") }
        }
        let error = try ONNXModel.error(bytes: model)
        #expect(error?.code == .malformed)
        for word in words { #expect(error?.message.contains(word) == true, "\(error?.message ?? "")") }
    }

    @Test func initializersHaveNamesOfTheirOwn() throws {
        for names in [["w", "w"], [""]] {
            let model = ONNXWriter.model {
                for name in names { $0.weights(name, [1]) }
                $0.node("Relu", ["x"], ["y"])
            }
            #expect(try ONNXModel.error(bytes: model)?.code == .malformed)
        }
    }

    @Test func attributesComeOnce() throws {
        let node = ProtobufWriter.message {
            $0.raw(ONNXWriter.node("LeakyRelu", ["x"], ["y"], ["alpha": .float(1)]))
            $0.bytes(
                5,
                ProtobufWriter.message {
                    $0.string(1, "alpha"); $0.float(2, 2); $0.int(20, 1)
                })
        }
        let model = ONNXWriter.model { $0.addToGraph(ProtobufWriter.message { $0.bytes(1, node) }) }
        #expect(try ONNXModel.error(bytes: model)?.message.contains("'alpha' twice") == true)
    }

    // MARK: - Inputs

    @Test func severalInputsAreRefused() throws {
        let model = ONNXWriter.model {
            $0.input("elevation", ["n", 1, "h", "w"])
            $0.node("Concat", ["x", "elevation"], ["y"], ["axis": .int(1)])
        }
        let error = try ONNXModel.error(bytes: model)
        #expect(error?.code == .unsupportedNetwork)
        #expect(error?.message.contains("2 inputs ('x', 'elevation')") == true)
    }

    @Test(
        "inputs that are no tile",
        arguments: [
            (["n", 3, "h"], 1, "(n, 3, h)"), (nil, 1, "rank"), ([4, 3, "h", "w"], 1, "batch of 4"),
            (["n", 3, "h", "w"], 2, "uint8"), (["n", 3, "h", "w"], 8, "string"), (["n", "c", "h", "w"], 1, "channels"),
            (["n", 3, 0x7fff_ffff_ffff, "w"], 1, "140737488355327"),
        ] as [([ONNXWriter.Extent]?, Int, String)])
    func badInputs(shape: [ONNXWriter.Extent]?, type: Int, words: String) throws {
        var writer = ONNXWriter()
        writer.input("x", shape, type: type)
        writer.node("Relu", ["x"], ["y"])
        writer.output("y", nil)
        let error = try ONNXModel.error(bytes: writer.bytes)
        #expect(error?.code == .unsupportedNetwork)
        #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
    }

    @Test func openChannelsAreThoseOfTheFirstConvolution() throws {
        let model = ONNXWriter.model(channels: "bands") {
            $0.weights("w", [6, 2, 3, 3])
            $0.node("Conv", ["x", "w"], ["y"], ["group": .int(2)])
        }
        #expect(try ONNXModel.resolved(bytes: model).input.channels == 4)
    }

    /// As tf2onnx writes them.
    @Test func channelsMayComeLast() throws {
        var writer = ONNXWriter()
        writer.input("x", ["n", "h", "w", 3])
        writer.weights("w", [5, 3, 3, 3])
        writer.node("Transpose", ["x"], ["a"], ["perm": .ints([0, 3, 1, 2])])
        writer.node("Conv", ["a", "w"], ["b"])
        writer.node("Transpose", ["b"], ["y"], ["perm": .ints([0, 2, 3, 1])])
        writer.output("y", ["n", "h", "w", 5])
        let model = try ONNXModel.read(bytes: writer.bytes)
        #expect(model.graph.input.isChannelsLast)
        let network = try model.graph.resolved(height: 20, width: 30)
        #expect(network.operatorTypes == ["input", "Conv"])
        #expect(network.input.extents == [3, 20, 30])
        #expect(network.outputShape.extents == [5, 18, 28])
    }

    // MARK: - Outputs

    @Test func ofSeveralOutputsTheFirstMapIsChosen() throws {
        var writer = ONNXWriter()
        writer.input("x", ["n", 3, "h", "w"])
        writer.node("GlobalAveragePool", ["x"], ["p"])
        writer.node("Flatten", ["p"], ["label"])
        writer.node("Relu", ["x"], ["mask"])
        writer.node("Sigmoid", ["x"], ["other"])
        writer.output("label", ["n", 3])
        writer.output("mask", ["n", 3, "h", "w"])
        writer.output("other", ["n", 3, "h", "w"])
        let model = try ONNXModel.read(bytes: writer.bytes)
        #expect(model.graph.outputName == "mask")
        #expect(try model.graph.resolved(height: 8, width: 8).operatorTypes == ["input", "Relu"])
    }

    @Test func anOutputOfTheWholeTileIsRefused() throws {
        let model = ONNXWriter.model(outputShape: nil) {
            $0.node("GlobalAveragePool", ["x"], ["p"])
            $0.node("Flatten", ["p"], ["y"])
        }
        let error = try ONNXModel.error(bytes: model)
        #expect(error?.code == .unsupportedNetwork)
        #expect(error?.message.contains("shape (1, 6) and no height and width") == true)
    }

    @Test func anOutputOfOneAxisIsRefused() throws {
        let model = ONNXWriter.model(channels: 6, outputShape: ["k"]) {
            $0.integers("all", [-1])
            $0.node("GlobalAveragePool", ["x"], ["p"])
            $0.node("Reshape", ["p", "all"], ["y"])
        }
        #expect(try ONNXModel.error(bytes: model)?.message.contains("shape (6)") == true)
    }

    @Test func anOutputThatDoesNotDependOnTheSceneIsRefused() throws {
        let model = ONNXWriter.model { $0.node("Shape", ["x"], ["y"]) }
        #expect(try ONNXModel.error(bytes: model)?.code == .unsupportedNetwork)
    }

    /// Deepness takes such masks too.
    @Test func anOutputWithoutChannelsHasOne() throws {
        let model = ONNXWriter.model(opset: 11, outputShape: ["n", "h", "w"]) {
            $0.weights("w", [1, 6, 1, 1])
            $0.node("Conv", ["x", "w"], ["a"])
            $0.node("Squeeze", ["a"], ["y"], ["axes": .ints([1])])
        }
        #expect(try ONNXModel.resolved(bytes: model).outputShape.extents == [1, 32, 48])
    }
}
