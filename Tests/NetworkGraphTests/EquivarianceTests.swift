import Testing

@testable import NetworkGraph

/// Which networks are equivariant to shifts by their stride, and what those that are not say.
@Suite struct EquivarianceTests {
    /// Operations that tie a network to its tile, whatever its size, with a part of the reason.
    static let seams: [(operation: Operation, reason: String)] = [
        (.globalMean, "a mean over the whole map"),
        (
            .groupNormalization(groups: 1, .init(scale: .ones(1), shift: .ones(1)), epsilon: 0),
            "mean and variance of the whole map"
        ),
        (
            .bilinearUpsampling(factor: 2, alignCorners: true),
            "bilinear upsampling with aligned corners samples at places that depend on the tile's size"
        ),
        // Aligned corners of other kinds are no bilinear upsampling.
        (
            .resize(Resize(.nearest(.floor), .alignCorners, vertical: .times(2), horizontal: .times(2))),
            "resizing with aligned corners samples at places that depend on the tile's size"
        ),
        (
            .resize(Resize(.linear, .halfPixel, vertical: .fixed(8, scale: 1), horizontal: .fixed(8, scale: 1))),
            "it resizes to a fixed size"
        ),
        (
            .resize(Resize(.linear, .halfPixel, vertical: .times(2), horizontal: .fixed(9, scale: 1.5))),
            "by a factor that is not whole"
        ),
    ]

    @Test(arguments: seams)
    func tiedToTheTile(_ operation: Operation, _ reason: String) {
        var graph = Graph(inputChannels: 1)
        graph.append(operation, graph.input, label: "node")
        #expect(graph.seam?.description.hasPrefix("node: ") == true)
        #expect(graph.seam?.description.contains(reason) == true, "\(graph.seam?.description ?? "")")
        #expect(operation.readsWholeMap)
        #expect(graph.seam?.isOfTheTile == true, "it can still be run on tiles of one size")
    }

    static let equivariant: [Operation] = [
        .relu, .softmax, .channelMean, .concatenation, .arithmetic(.addition), .maxPooling(extent: 2, stride: 2),
        .bilinearUpsampling(factor: 2), .resize(.nearest(vertical: .times(2), horizontal: .divided(by: 2))),
        .convolution(.ones(1, 1, 3, 3)), .crop(Borders(all: 1)), .zeroPadding(1),
    ]

    @Test(arguments: equivariant)
    func notTied(_ operation: Operation) {
        #expect(operation.seam == nil && !operation.readsWholeMap)
    }

    /// Where maps have borders, mirrored and repeated pixels come from inside; a plane has none.
    @Test(arguments: [Padding.Mode.reflect, .edge, .constant(1)])
    func paddingReadsTheMapButIsNoSeam(_ mode: Padding.Mode) throws {
        let padding = Operation.padding(Padding(mode, amounts: Borders(all: 1)))
        #expect(padding.readsWholeMap && padding.seam == nil && padding.movedBorders == nil)
        _ = try SeamlessNetwork(.chain([padding, .convolution(.ones(1, 1, 3, 3))]))
    }

    // MARK: - Amounts that depend on the size

    @Test func cropThatGrowsWithTheInputIsNotSeamless() throws {
        // A map cut down to one of half its resolution loses more the larger the input is.
        var graph = Graph(inputChannels: 1)
        let pooled = graph.append(.maxPooling(extent: 2, stride: 2), graph.input)
        let up = graph.append(.transposedConvolution(.ones(1, 1, 2, stride: 2)), pooled)
        let cropped = graph.append(.fitToSize, up, pooled, label: "crop")
        let joined = graph.append(.concatenation, cropped, pooled)
        graph.append(.transposedConvolution(.ones(2, 1, 2, stride: 2)), joined)
        let error = #expect(throws: NetworkError.self) { try SeamlessNetwork(graph) }
        #expect(error?.description == "crop: a map is padded or cut by an amount that depends on the tile's size")
    }

    // MARK: - Resolutions

    @Test func mapsOfDifferentResolutionCannotBeJoined() {
        var graph = Graph(inputChannels: 1)
        let pooled = graph.append(.maxPooling(extent: 2, stride: 2), graph.input, label: "pool")
        graph.append(.concatenation, graph.input, pooled, label: "join")
        let error = #expect(throws: NetworkError.self) { try graph.totalStride() }
        #expect(error?.description == "join joins maps of different resolutions")
        #expect(error?.isOfTheTile == true)
    }

    @Test func outputBelowTheInputsResolutionIsRefused() {
        let graph = Graph.chain([.maxPooling(extent: 2, stride: 2)])
        let error = #expect(throws: NetworkError.self) { try SeamlessNetwork(graph) }
        #expect(error?.description.hasPrefix("an output pixel covers 2/1 input pixels") == true)
        #expect(error?.isOfTheTile == false)
    }

    /// Downsampling by so much in all, whatever comes between.
    @Test(
        arguments: [
            ([], 1), ([2], 2), ([2, 2, 2], 8), ([3], 3), ([2, 3], 6),
        ] as [([Int], Int)])
    func totalStride(_ poolings: [Int], _ stride: Int) throws {
        let down = poolings.map { Operation.maxPooling(extent: $0, stride: $0) }
        let up = poolings.map { Operation.bilinearUpsampling(factor: $0) }
        #expect(try Graph.chain(down + up).totalStride() == stride)
    }

    /// Two ways that go down by 2 and by 3: shifts by 6 alone are whole on both.
    @Test func strideOfTwoWays() throws {
        var graph = Graph(inputChannels: 1)
        let ways = [2, 3].map { factor in
            let down = graph.append(.maxPooling(extent: factor, stride: factor), graph.input)
            return graph.append(.bilinearUpsampling(factor: factor), down)
        }
        graph.append(.arithmetic(.addition), ways)
        #expect(try graph.totalStride() == 6)
        #expect(try SeamlessNetwork(graph, size: 12).stride == 6)
    }
}
