import TestNetworks
import Testing

@testable import NetworkGraph

/// Windows and sizes worked out on whole graphs.
@Suite struct GeometryTests {
    // MARK: - Ranges

    /// A skip around a pooling: what both ways need of the map is one range.
    @Test func rangesOfTwoWaysAreJoined() {
        var graph = Graph(inputChannels: 1)
        let map = graph.append(.convolution(.ones(1, 1, 3, 3)), graph.input)
        let down = graph.append(.maxPooling(extent: 4, stride: 4), map)
        let up = graph.append(.resize(.nearest(vertical: .times(4), horizontal: .times(4))), down)
        let skip = graph.append(.crop(Borders(all: 1)), map)
        graph.append(.concatenation, skip, up)
        // Output 2..<6 needs pixels 0 and 1 of the pooled map, which are 0..<8; the skip needs 3..<7.
        let ranges = graph.ranges(forOutput: 2..<6, .vertical)
        #expect(ranges == [0..<10, 0..<8, 0..<2, 2..<6, 2..<6, 2..<6])
    }

    @Test func whatTheOutputDoesNotNeedHasNoRange() {
        var graph = Graph(inputChannels: 1)
        let unread = graph.append(.relu, graph.input)
        graph.append(.relu, graph.input)
        #expect(graph.ranges(forOutput: 0..<4, .horizontal)[unread.index] == nil)
    }

    /// Where maps have borders, nothing beyond them is needed; some operations need the whole.
    @Test func bordersClampRanges() {
        let graph = Graph.chain([.zeroPadding(1), .convolution(.ones(1, 1, 3, 3)), .globalMean])
        let lengths = [8, 10, 8, 1]
        #expect(graph.ranges(forOutput: 0..<1, .vertical, lengths: lengths) == [0..<8, 0..<10, 0..<8, 0..<1])
        // Without the mean, the first two rows need three of the input's, and the zeros before them.
        let padded = Graph.chain([.zeroPadding(1), .convolution(.ones(1, 1, 3, 3))])
        #expect(padded.ranges(forOutput: 0..<2, .vertical, lengths: [8, 10, 8]) == [0..<3, 0..<4, 0..<2])
        #expect(padded.ranges(forOutput: 0..<2, .vertical) == [-1..<3, 0..<4, 0..<2])
    }

    // MARK: - Rewriting

    /// Padding of whatever kind is a shift on a plane: the maps' ranges stay the same.
    @Test(
        arguments: [
            .padding(Padding(.reflect, amounts: Borders(top: 1, left: 2, bottom: 3, right: 4))),
            .padding(Padding(.constant(2), amounts: Borders(all: 1))), .zeroPadding(2),
            .pooling(.padded(taps: 3, stride: 2, before: 1, after: 1)),
        ] as [Operation])
    func planesKeepRanges(_ operation: Operation) {
        let graph = Graph.chain([operation])
        let plane = graph.onPlane()
        #expect(plane.nodes.allSatisfy { !$0.operation.readsWholeMap })
        for axis in Axis.allCases {
            #expect(plane.ranges(forOutput: 3..<9, axis)[0] == graph.ranges(forOutput: 3..<9, axis)[0])
        }
    }

    /// Borders moved outwards and inwards, with what stands for them.
    @Test(arguments: [
        (borders: Borders(all: 2), names: ["crop"]),
        (Borders(all: -2), ["zero padding"]),
        (Borders(all: 0), ["zero padding"]),
        (Borders(top: 1, left: -1, bottom: 0, right: 2), ["crop", "zero padding"]),
    ])
    func movedBorders(_ borders: Borders, names: [String]) throws {
        var graph = Graph(inputChannels: 1)
        graph.append(moving: borders, of: graph.input, label: "node")
        #expect(graph.nodes.dropFirst().map(\.operation.name) == names)
        // Both together do what was asked for.
        let moved = graph.nodes.dropFirst().map { $0.operation.movedBorders! }
        for axis in Axis.allCases {
            #expect(moved.map { $0.before(axis) }.reduce(0, +) == borders.before(axis))
            #expect(moved.map { $0.after(axis) }.reduce(0, +) == borders.after(axis))
        }
        #expect(graph.removingEmptyCrops().nodes.count == (borders == Borders(all: 0) ? 1 : names.count + 1))
    }

    @Test func nodesThatNobodyReadsAreRemoved() {
        var graph = Graph(inputChannels: 1)
        let kept = graph.append(.relu, graph.input, label: "kept")
        graph.append(.softmax, kept, label: "gone")
        graph.end(at: kept)
        #expect(graph.nodes.map(\.label) == ["input", "kept"] && graph.output == kept)
    }

    // MARK: - Sizes

    /// The smallest size that all windows divide, a multiple of the stride if there is one.
    @Test(
        arguments: [
            ([.relu], 1), ([.maxPooling(extent: 2, stride: 2)], 2),
            // 3 x 3 without padding leaves two fewer
            ([.convolution(.ones(1, 1, 3, 3)), .maxPooling(extent: 2, stride: 2)], 4),
            // of multiples of 4, none: 6 leaves 4
            ([.convolution(.ones(1, 1, 3, 3)), .maxPooling(extent: 4, stride: 4)], 6),
            // none at all
            ([.crop(Borders(all: 1 << 14))], nil),
        ] as [([Operation], Int?)])
    func evenSize(_ operations: [Operation], _ size: Int?) throws {
        let graph = Graph.chain(operations)
        #expect(try graph.evenSize(stride: graph.stride()) == size)
        if let size { #expect(graph.dividesEvenly(height: size, width: size)) }
    }

    /// Strides that have no factor in common multiply, also where they lie beside each other.
    @Test func stridesBeyondAllTilesAreRefused() throws {
        func graph(_ factors: [Int]) -> Graph {
            var graph = Graph(inputChannels: 1)
            var sum = graph.input
            for factor in factors {
                let small = graph.append(.maxPooling(extent: factor, stride: factor), graph.input)
                let large = graph.append(.bilinearUpsampling(factor: factor), small)
                sum = graph.append(.arithmetic(.addition), sum, large)
            }
            return graph
        }
        #expect(try graph([3, 5, 7, 11]).stride() == 1155)
        #expect(throws: NetworkError.self) { try graph([3, 5, 7, 11, 13, 17]).stride() }
        #expect {
            try SeamlessNetwork(graph([1 << 16, 1 << 16]))
        } throws: {
            "\($0)".contains("16384")
        }
    }

    // MARK: - Cost

    @Test func operationsAreCountedOnTheWindowsThatAreComputed() throws {
        // One 3 x 3 convolution from 2 to 3 channels and a 1 x 1 to 4, on an output of 10 x 20.
        let graph = Graph.chain(channels: 2, [.convolution(.ones(2, 3, 3, 3)), .convolution(.ones(3, 4, 1, 1))])
        let network = try SeamlessNetwork(graph)
        #expect(network.computation(height: 10, width: 20).operationCount == Double(2 * (54 + 12) * 200))
        #expect(network.operationsPerPixel == Double(2 * (54 + 12)))
    }

    /// Each input pixel of an up-convolution meets every tap once; a depthwise convolution has one input for each output.
    @Test func operationsOfOtherConvolutions() throws {
        let up = try SeamlessNetwork(
            .chain([
                .maxPooling(extent: 2, stride: 2), .transposedConvolution(.ones(1, 3, 2, stride: 2)),
            ]))
        #expect(up.computation(height: 10, width: 20).operationCount == Double(2 * 12 * 50))
        let depthwise = try SeamlessNetwork(.chain(channels: 4, [.convolution(.ones(4, 4, 3, 3, groups: 4))]))
        #expect(depthwise.computation(height: 10, width: 20).operationCount == Double(2 * 36 * 200))
    }

    // MARK: - Windows

    @Test func windowsMeetAndJoin() {
        let (a, b) = (MapWindow(rows: 0..<4, columns: 1..<3), MapWindow(rows: 2..<6, columns: -1..<2))
        #expect(a.union(b) == MapWindow(rows: 0..<6, columns: -1..<3))
        #expect(a.intersection(b) == MapWindow(rows: 2..<4, columns: 1..<2))
        #expect(a.shifted(rows: 1, columns: -1) == MapWindow(rows: 1..<5, columns: 0..<2))
        #expect(a.intersection(MapWindow(rows: 9..<12, columns: 0..<4)).rows.isEmpty)
    }
}
