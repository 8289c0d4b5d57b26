/// A map whose axes were parted or joined, as transformers do: pixels in one row, channels parted into heads.
///
/// Nothing is moved. Each axis of the file counts through parts of the map's own axes:
///
///     (1, H * W, heads, C / heads):  [], [height, width], [channels: heads, C / heads apart], [channels: C / heads, 1 apart]
struct TokenValue {
    /// A part of one of the map's axes: every `stride`-th of its elements, `extent` of them.
    struct Part: Hashable {
        var axis: MapAxis
        var extent: Int
        var stride: Int
    }

    /// The position of the map's node in the network.
    var node: Int
    /// For each axis of the file the parts that it counts through, the slowest first; none for an extent of 1.
    var axes: [[Part]]

    /// The shape that the value has in the file.
    var shape: [Int] { axes.map { $0.map(\.extent).reduce(1, *) } }

    init(node: Int, axes: [[Part]]) {
        self.node = node
        self.axes = axes.map(Self.joined)
    }

    /// The map as the file sees it, its axes being those of the map.
    init(_ map: MapValue, _ extents: ONNXShape) {
        self.init(
            node: map.node,
            axes: map.roles.map { role in
                role.flatMap { extents[$0] > 1 ? Part(axis: $0, extent: extents[$0], stride: 1) : nil }.map { [$0] }
                    ?? []
            })
    }

    /// Returns the value as a map, where each axis is one of the map's; nil otherwise.
    func map(_ extents: ONNXShape) -> MapValue? {
        var roles: [MapAxis?] = []
        for parts in axes {
            guard parts.count <= 1, parts.allSatisfy({ $0.extent == extents[$0.axis] }) else { return nil }
            roles.append(parts.first?.axis)
        }
        let known = Set(roles.compactMap { $0 })
        guard known.count == roles.count(where: { $0 != nil }),
            [MapAxis.channels, .height, .width].allSatisfy({ extents[$0] == 1 || known.contains($0) })
        else { return nil }
        return MapValue(node: node, shape: shape, roles: roles)
    }

    /// True where each axis is one of the map's, as `map(_:)` gives it.
    func isMap(_ extents: ONNXShape) -> Bool { map(extents) != nil }

    /// Returns the value in another shape of as many elements; nil where an axis would count through a part of a part.
    func reshaped(_ shape: [Int]) -> TokenValue? {
        var rest = axes.flatMap { $0 }[...]
        var result: [[Part]] = []
        for extent in shape {
            var (parts, open) = ([Part](), extent)
            while open > 1 {
                guard let next = rest.popFirst() else { return nil }
                if open.isMultiple(of: next.extent) {
                    parts.append(next)
                    open /= next.extent
                } else if next.extent.isMultiple(of: open) {
                    let inner = next.extent / open
                    parts.append(Part(axis: next.axis, extent: open, stride: next.stride * inner))
                    rest = [Part(axis: next.axis, extent: inner, stride: next.stride)] + rest
                    open = 1
                } else {
                    return nil
                }
            }
            result.append(parts)
        }
        return rest.isEmpty ? TokenValue(node: node, axes: result) : nil
    }

    /// Neighbouring parts that continue each other are one.
    private static func joined(_ parts: [Part]) -> [Part] {
        var result: [Part] = []
        for part in parts where part.extent > 1 {
            if let last = result.last, last.axis == part.axis, last.stride == part.extent * part.stride {
                result[result.count - 1] = Part(axis: part.axis, extent: last.extent * part.extent, stride: part.stride)
            } else {
                result.append(part)
            }
        }
        return result
    }

    /// True if an axis of the file counts through all channels in their order, and nothing else.
    func isChannels(_ axis: Int, _ extents: ONNXShape) -> Bool {
        axes[axis] == Self.joined([Part(axis: .channels, extent: extents.channels, stride: 1)])
    }

    /// The parts of an axis that counts through all pixels, row by row.
    static func pixels(_ extents: ONNXShape) -> [Part] {
        joined([
            Part(axis: .height, extent: extents.height, stride: 1),
            Part(axis: .width, extent: extents.width, stride: 1),
        ])
    }
}
