import TestNetworks
import Testing

@testable import NetworkGraph

/// Networks that run on tiles of one size, with their own padding.
@Suite struct FixedTileNetworkTests {
    /// A U-Net of one pooling, tied to its tile by a mean over the map.
    private static let tied = Graph.chain([
        .zeroPadding(1), .convolution(.ones(1, 1, 3, 3)), .maxPooling(extent: 2, stride: 2),
        .groupNormalization(groups: 1, .init(scale: .ones(1), shift: .ones(1)), epsilon: 1e-5),
        .bilinearUpsampling(factor: 2),
    ])

    @Test func seamlessWhereItCanBe() throws {
        guard case .fixedTiles(let network) = try TiledNetwork(Self.tied) else {
            Issue.record("a mean over the map is felt everywhere")
            return
        }
        #expect(network.stride == 2 && network.tileRemainder == 0 && network.onlyTile == nil)
        #expect(network.reason?.description.contains("mean and variance of the whole map") == true)
        let tiled = try TiledNetwork(Self.tied)
        #expect(tiled.seam == network.reason?.description && tiled.onlyTile == nil)
        #expect((tiled.inputChannels, tiled.outputChannels, tiled.stride, tiled.tileRemainder) == (1, 1, 2, 0))
        guard case .seamless = try TiledNetwork(.chain([.zeroPadding(1), .convolution(.ones(1, 1, 3, 3))])) else {
            Issue.record("a padded convolution is equivariant")
            return
        }
    }

    /// Of one tile, a network may give less at the borders, or more, which is cut off; but it has to be a square.
    @Test func oneTileHasAnOutputOfItsSize() throws {
        func network(_ operations: [Operation]) throws -> FixedTileNetwork {
            try FixedTileNetwork(tile: 16, isOnly: true, reason: .noSize(upTo: 16)) { _ in .chain(operations) }
        }
        #expect(try network([.convolution(.ones(1, 1, 3, 3))]).leastMargin(ofTile: 16) == 1)
        #expect(try network([.relu]).leastMargin(ofTile: 16) == 0)
        #expect(try network([.zeroPadding(1)]).leastMargin(ofTile: 16) == 0)
        #expect(throws: NetworkError.self) { try network([.convolution(.ones(1, 1, 3, 1))]) }
    }

    /// Sizes of tile that each network takes.
    static let sizes: [(name: String, operations: [Operation], stride: Int, remainder: Int)] = [
        ("no pooling", [.relu], 1, 0),
        ("two poolings", [.maxPooling(extent: 4, stride: 4), .bilinearUpsampling(factor: 4)], 4, 0),
        // 3 x 3 without padding, then pooling: an even number is left of an even one
        (
            "valid, pooled",
            [.convolution(.ones(1, 1, 3, 3)), .maxPooling(extent: 2, stride: 2), .bilinearUpsampling(factor: 2)], 2, 0
        ),
        (
            "valid, pooled twice",
            [.convolution(.ones(1, 1, 3, 3)), .maxPooling(extent: 4, stride: 4), .bilinearUpsampling(factor: 4)], 4, 2
        ),
        (
            "up and down again",
            [
                .resize(.nearest(vertical: .times(3), horizontal: .times(3))),
                .resize(.nearest(vertical: .divided(by: 3), horizontal: .divided(by: 3))),
            ], 1, 0
        ),
    ]

    @Test(arguments: sizes)
    func sizesOfTiles(_ name: String, _ operations: [Operation], _ stride: Int, _ remainder: Int) throws {
        let network = try FixedTileNetwork(.chain(operations))
        #expect(network.stride == stride && network.tileRemainder == remainder, "\(name)")
        for size in 40..<60 {
            let isTaken = (try? network.computation(tile: size, margin: 4)) != nil
            #expect(isTaken == (size % stride == remainder), "\(size)")
        }
    }

    /// A tile keeps all but its margin, whatever is computed for it; what pruning leaves is inside the maps.
    @Test(arguments: 0..<10)
    func keepsAllButItsMargin(seed: Int) throws {
        let graph = RandomGraphs.padded(seed: UInt64(seed), depth: 2)
        let network = try FixedTileNetwork(graph)
        var operations: [Double] = []
        for margin in [0, 4, 12] {
            let tile = try network.computation(tile: 32, margin: margin)
            #expect(tile.outputHeight == 32 - 2 * margin && tile.outputWidth == 32 - 2 * margin)
            #expect(tile.input.rows.lowerBound >= -margin && tile.input.rows.upperBound <= 32 - margin)
            for (index, window) in tile.windows.enumerated() {
                guard let window else { continue }
                let extent = try #require(tile.extent(of: index))
                #expect(window.intersection(extent) == window)
            }
            operations.append(tile.operationCount)
        }
        #expect(operations == operations.sorted(by: >), "a smaller window takes less")
        #expect(network.operationsPerPixel(tile: 32) * 32 * 32 == operations[0])
    }

    @Test func onlyOneTile() throws {
        let graph = Self.tied
        let network = try FixedTileNetwork(tile: 24, isOnly: true, reason: .ragged(24)) { _ in graph }
        #expect(network.onlyTile == 24)
        #expect(try network.computation(tile: 24, margin: 3).outputHeight == 18)
    }

    // MARK: - Refusals

    @Test(
        arguments: [
            // half the input's resolution; larger than the input; nothing left of any input
            ([.maxPooling(extent: 2, stride: 2)], "an output pixel covers 2/1 input pixels"),
            ([.zeroPadding(1)], "gives 3 x 3, which cannot be laid over it"),
            ([.crop(Borders(all: 1 << 14))], "no input of up to 16384 pixels gives an output"),
        ] as [([Operation], String)])
    func cannotBeRun(_ operations: [Operation], _ text: String) {
        let error = #expect(throws: NetworkError.self) { try FixedTileNetwork(.chain(operations)) }
        #expect(error?.description.contains(text) == true, "\(error?.description ?? "")")
    }

    /// A map of a fixed size: the output does not grow with the input.
    @Test func outputOfOneSize() {
        let graph = Graph.chain([.resize(.nearest(vertical: .fixed(8, scale: 1), horizontal: .fixed(8, scale: 1)))])
        let error = #expect(throws: NetworkError.self) {
            try FixedTileNetwork(tile: 8, isOnly: false, reason: .ragged(8)) { _ in graph }
        }
        #expect(error?.description.contains("inputs of 8 and 9 pixels give outputs of 8 and 8") == true)
    }

    @Test func raggedTilesAreRefused() throws {
        let network = try FixedTileNetwork(Self.tied)
        let error = #expect(throws: NetworkError.self) { try network.computation(tile: 33, margin: 0) }
        #expect(error?.description == "33 pixels cannot be halved by all of the network's poolings")
    }

    /// A valid convolution leaves 30 pixels of 32: all 32 cannot be kept.
    @Test func noMoreIsKeptThanThereIs() throws {
        let network = try FixedTileNetwork(.chain([.convolution(.ones(1, 1, 3, 3))]))
        #expect(throws: NetworkError.self) { try network.computation(tile: 32, margin: 0) }
        #expect(try network.computation(tile: 32, margin: 1).outputHeight == 30)
    }
}
