import COvertileKernels
import NetworkGraph

/// How a map of one sample lies in memory: in blocks of 16 channels, (blocks, height, width, 16), or plain, (channels,
/// height, width), as the network's input does.
///
/// Each group of channels begins a block of its own, and zeros fill its last one. So maps are concatenated without moving
/// them.
struct StoredMap: Sendable {
    static let block = Int(OVERTILE_BLOCK)

    /// The numbers of channels of the groups.
    let groups: [Int]
    let height: Int
    let width: Int
    /// True for the network's input, whose channels lie each for itself.
    var isPlain = false

    /// The number of channels, without what fills up blocks.
    var channels: Int { groups.reduce(0, +) }
    /// The number of blocks, or of channels of a plain map.
    var planes: Int { isPlain ? channels : groups.map(Self.blocks).reduce(0, +) }
    /// The number of stored channels.
    var storedChannels: Int { isPlain ? channels : planes * Self.block }
    /// The number of pixels.
    var pixels: Int { height * width }
    /// The floats from a row to the next.
    var row: Int { width * (isPlain ? 1 : Self.block) }
    /// The floats from a plane to the next.
    var plane: Int { height * row }
    /// The floats of one sample.
    var count: Int { planes * plane }

    /// The blocks that so many channels fill.
    static func blocks(_ channels: Int) -> Int { (channels + block - 1) / block }

    /// For each stored channel, the channel that it holds; nil for what fills up a block.
    var channelOfPosition: [Int?] {
        if isPlain { return (0..<channels).map { $0 } }
        var (result, first): ([Int?], Int) = ([], 0)
        for group in groups {
            result += (0..<Self.blocks(group) * Self.block).map { $0 < group ? first + $0 : nil }
            first += group
        }
        return result
    }
}

/// A window of a stored map.
struct MapPart: Hashable, Sendable {
    /// The map's number.
    let map: Int
    /// The window's first row and column.
    var (top, left) = (0, 0)

    init(map: Int) { self.map = map }
}

/// What a node of the graph gives: windows of stored maps, one behind the other along the channels, and zeros around them.
///
/// Crops, zeros around a map and concatenations are not computed: the convolution that reads them looks at the right
/// places.
struct MapView: Sendable {
    var parts: [MapPart]
    /// The size of the windows.
    var height: Int
    var width: Int
    /// Zeros around the windows.
    var padding = Borders(all: 0)

    /// The size, zeros included.
    var fullHeight: Int { height + padding.top + padding.bottom }
    var fullWidth: Int { width + padding.left + padding.right }
    var isPadded: Bool { padding != Borders(all: 0) }

    /// The number of channels, without what fills up blocks.
    func channels(_ maps: [StoredMap]) -> Int { parts.map { maps[$0.map].channels }.reduce(0, +) }

    /// For each stored channel of all parts, the channel that it holds; nil for what fills up a block.
    func channelOfPosition(_ maps: [StoredMap]) -> [Int?] {
        var (result, first): ([Int?], Int) = ([], 0)
        for part in parts {
            result += maps[part.map].channelOfPosition.map { channel in channel.map { first + $0 } }
            first += maps[part.map].channels
        }
        return result
    }
}
