import Tensors

/// A network that is equivariant to shifts by its stride, so that tiles of it fit together without seams.
///
/// Everything here is derived from the graph, not from an architecture's name. The network is thought of on a plane
/// without borders: `windows(forOutput:)` says which part of every map a window of the output needs, and nothing else
/// is ever computed.
public struct SeamlessNetwork: Sendable {
    /// Without `centerCrop`: every crop is by a fixed number of pixels.
    public let graph: Graph
    /// Total downsampling: shifting the input by this many pixels shifts the output by as many.
    public let stride: Int
    /// Input pixels that an output pixel needs before it, on the axis and at the phase where it needs the most.
    public let margin: Int
    /// Input sizes that pooling divides evenly are `tileRemainder` more than a multiple of `stride`.
    public let tileRemainder: Int

    /// The output's first pixel lies over this pixel of the input.
    private let origin: Int

    public var inputChannels: Int {
        guard case .input(let channels) = graph.nodes[0].operation else {
            preconditionFailure("a graph starts with its input")
        }
        return channels
    }
    public let outputChannels: Int

    /// - Throws: `NetworkError` where the graph contradicts itself or is not equivariant.
    public init(_ graph: Graph) throws {
        let stride = try Self.stride(of: graph)
        guard let size = try Self.evenSize(of: graph, stride: stride) else {
            throw NetworkError.noSize(upTo: Self.largestProbe)
        }
        let resolved = try Self.fixingCrops(of: graph, size: size, stride: stride)
        guard let shapes = try resolved.shapes(height: size, width: size)?.shapes else {
            throw NetworkError.noSize(upTo: Self.largestProbe)
        }
        let output = shapes[resolved.output.index]
        guard output.height == output.width, output.height <= size else {
            throw NetworkError.outputSize(input: size, height: output.height, width: output.width)
        }
        self.graph = resolved
        self.stride = stride
        outputChannels = output.channels
        tileRemainder = size % stride
        origin = (size - output.height) / 2
        let needs = Axis.allCases.map { resolved.ranges(forOutput: 0..<stride, $0)[0]! }
        margin = max(0, needs.map { [origin] in origin - $0.lowerBound }.max()!)
    }

    /// The part of every map that an output window of `height` x `width` pixels needs, nil for maps that it does not.
    ///
    /// Ranges are in each map's own pixels; the output's are `0 ..< height` and `0 ..< width`. The window starts at a
    /// multiple of the stride, wherever it lies.
    public func windows(forOutput height: Int, _ width: Int) -> [MapWindow?] {
        let rows = graph.ranges(forOutput: 0..<height, .vertical)
        let columns = graph.ranges(forOutput: 0..<width, .horizontal)
        return zip(rows, columns).map { rows, columns in
            guard let rows, let columns else { return nil }
            return MapWindow(rows: rows, columns: columns)
        }
    }

    /// Where the input window for an output of `height` x `width` pixels starts, relative to the output's first pixel,
    /// and how large it is. Both offsets are zero or negative.
    public func inputWindow(forOutput height: Int, _ width: Int) -> MapWindow {
        let window = windows(forOutput: height, width)[0]!
        return MapWindow(
            rows: window.rows.lowerBound - origin..<window.rows.upperBound - origin,
            columns: window.columns.lowerBound - origin..<window.columns.upperBound - origin)
    }

    /// Input pixels on a side that an output of `step` pixels on a side needs, `step` a multiple of the stride.
    public func tile(forStep step: Int) -> Int {
        let window = inputWindow(forOutput: step, step)
        return max(window.rows.count, window.columns.count)
    }

    /// Multiplications and additions for each pixel of an output so large that its border does not count.
    public var operationsPerPixel: Double {
        let side = (1 << 20) / stride * stride
        return operationCount(forOutput: side, side) / (Double(side) * Double(side))
    }

    /// Multiplications and additions, counted separately, for an output window.
    public func operationCount(forOutput height: Int, _ width: Int) -> Double {
        let windows = windows(forOutput: height, width)
        var total = 0.0
        for (index, node) in graph.nodes.enumerated() {
            guard let window = windows[index] else { continue }
            let pixels = Double(window.rows.count) * Double(window.columns.count)
            switch node.operation {
            case .convolution(let convolution):
                total += 2 * Double(convolution.weights.count) * pixels
            case .transposedConvolution(let convolution):
                total +=
                    2 * Double(convolution.weights.count) * pixels / Double(convolution.stride * convolution.stride)
            default:
                continue
            }
        }
        return total
    }
}

/// A window of a map in its own pixels.
public struct MapWindow: Hashable, Sendable {
    public var rows: Range<Int>
    public var columns: Range<Int>

    public init(rows: Range<Int>, columns: Range<Int>) {
        self.rows = rows
        self.columns = columns
    }
}

/// Why a graph cannot be tiled without seams.
public enum NetworkError: Error, CustomStringConvertible, Sendable {
    case noSize(upTo: Int)
    case outputSize(input: Int, height: Int, width: Int)
    case outputScale(String)
    case scalesMeet(node: String)
    case cropDependsOnSize(node: String)

    public var description: String {
        switch self {
        case .noSize(let largest):
            "no input of up to \(largest) pixels gives an output"
        case .outputSize(let input, let height, let width):
            "an input of \(input) x \(input) pixels gives \(height) x \(width), which cannot be laid over it"
        case .outputScale(let scale):
            "an output pixel covers \(scale) input pixels; only networks with one output pixel for each input pixel are understood"
        case .scalesMeet(let node):
            "\(node) joins maps of different resolutions"
        case .cropDependsOnSize(let node):
            "\(node) cuts a part that depends on the input's size, so that tiles cannot fit together"
        }
    }
}

extension SeamlessNetwork {
    /// Inputs up to this many pixels on a side are tried when looking for one that the network takes.
    private static let largestProbe = 1 << 14

    /// The least common multiple of all maps' resolutions.
    private static func stride(of graph: Graph) throws -> Int {
        var scales: [Ratio] = []
        for node in graph.nodes {
            guard let first = node.inputs.first else {
                scales.append(Ratio(1, 1))
                continue
            }
            let scale = scales[first.index]
            switch node.operation {
            case .concatenation:
                guard node.inputs.allSatisfy({ scales[$0.index] == scale }) else {
                    throw NetworkError.scalesMeet(node: node.label)
                }
                scales.append(scale)
            case .centerCrop:
                guard scales[node.inputs[1].index] == scale else { throw NetworkError.scalesMeet(node: node.label) }
                scales.append(scale)
            default:
                scales.append(scale * node.operation.mapping(.vertical).scale)
            }
        }
        let output = scales[graph.output.index]
        guard output == Ratio(1, 1) else {
            throw NetworkError.outputScale("\(output.numerator)/\(output.denominator)")
        }
        return scales.map(\.numerator).reduce(1, leastCommonMultiple)
    }

    /// The smallest input that no window of the network divides unevenly; else the smallest multiple of the stride
    /// that gives an output; nil where nothing does.
    private static func evenSize(of graph: Graph, stride: Int) throws -> Int? {
        var size = 1
        while size <= largestProbe, try graph.shapes(height: size, width: size) == nil { size *= 2 }
        guard size <= largestProbe else { return nil }
        // The smallest size lies between the last power of two that failed and this one, which did not.
        let candidates = size / 2..<size + 2 * stride
        for candidate in candidates where candidate > 0 {
            if let shapes = try? graph.shapes(height: candidate, width: candidate), !shapes.isRagged {
                return candidate
            }
        }
        return try candidates.first { try $0 > 0 && $0 % stride == 0 && graph.shapes(height: $0, width: $0) != nil }
    }

    /// The graph with each centre crop replaced by the crop that it is at `size`, once two more sizes have shown that
    /// it is the same at all of them.
    private static func fixingCrops(of graph: Graph, size: Int, stride: Int) throws -> Graph {
        let crops = try (0...2).map { try centerCrops(of: graph, size: size + $0 * stride) }
        for (index, crop) in crops[0] where crops.contains(where: { $0[index] != crop }) {
            throw NetworkError.cropDependsOnSize(node: graph.nodes[index].label)
        }
        return graph.rewritten { value, node, result in
            guard let crop = crops[0][value.index] else {
                return result.append(node.operation, node.inputs, label: node.label)
            }
            return result.append(.crop(crop), node.inputs[0], label: node.label)
        }
    }

    private static func centerCrops(of graph: Graph, size: Int) throws -> [Int: Crop] {
        guard let shapes = try graph.shapes(height: size, width: size)?.shapes else { return [:] }
        var crops: [Int: Crop] = [:]
        for (index, node) in graph.nodes.enumerated() {
            guard case .centerCrop = node.operation else { continue }
            let (map, reference) = (shapes[node.inputs[0].index], shapes[node.inputs[1].index])
            let (rows, columns) = (map.height - reference.height, map.width - reference.width)
            crops[index] = Crop(
                top: rows / 2, left: columns / 2, bottom: rows - rows / 2, right: columns - columns / 2)
        }
        return crops
    }
}

extension Graph {
    /// For each map, the range along one axis that the output's range needs, nil where it needs none.
    fileprivate func ranges(forOutput range: Range<Int>, _ axis: Axis) -> [Range<Int>?] {
        var ranges = [Range<Int>?](repeating: nil, count: nodes.count)
        ranges[output.index] = range
        for index in nodes.indices.reversed() {
            guard let range = ranges[index], !nodes[index].inputs.isEmpty else { continue }
            let needed = nodes[index].operation.mapping(axis).inputs(of: range)
            for input in nodes[index].inputs {
                let other = ranges[input.index] ?? needed
                ranges[input.index] =
                    min(other.lowerBound, needed.lowerBound)..<max(other.upperBound, needed.upperBound)
            }
        }
        return ranges
    }
}
