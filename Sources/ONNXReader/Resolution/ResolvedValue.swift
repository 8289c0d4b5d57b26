/// A value of the graph while it is being resolved.
enum ResolvedValue {
    case constant(FoldedTensor)
    case map(MapValue)
    /// A map whose groups of channels have become the axis 1 of three: (1, groups, elements of a group).
    case grouped(MapValue, shape: [Int])
    /// A map whose axes were parted or joined in any other way.
    case tokens(TokenValue)
    /// Maps of one shape, stacked along a new axis.
    case stack([MapValue], axis: Int)

    var shape: [Int] {
        switch self {
        case .constant(let tensor): return tensor.shape
        case .map(let map): return map.shape
        case .grouped(_, let shape): return shape
        case .tokens(let tokens): return tokens.shape
        case .stack(let maps, let axis):
            var shape = maps[0].shape
            shape[axis] = maps.count
            return shape
        }
    }
}

extension ResolvedValue {
    /// True for what is computed from the scene.
    var isOfScene: Bool { if case .constant = self { false } else { true } }

    /// True for a map whose axes were parted or joined.
    var isTokens: Bool {
        switch self {
        case .tokens, .grouped: true
        case .constant, .map, .stack: false
        }
    }
}

/// A map of the network as the file sees it: with a batch axis, and perhaps without axes of extent 1 or with axes in
/// another order.
struct MapValue {
    /// The position of its node in the network.
    var node: Int
    /// The shape that the value has in the file.
    var shape: [Int]
    /// The role of each axis; nil for the batch and for other axes of extent 1 without a meaning.
    var roles: [MapAxis?]

    static let canonicalRoles: [MapAxis?] = [nil, .channels, .height, .width]

    /// Makes the value of a map with axes of these roles.
    init(node: Int, _ map: ONNXShape, roles: [MapAxis?]) {
        self.init(node: node, shape: roles.map { $0.map { map[$0] } ?? 1 }, roles: roles)
    }

    /// Makes a value. Four axes that may be (batch, channels, height, width) are taken to be these.
    init(node: Int, shape: [Int], roles: [MapAxis?]) {
        self.node = node
        self.shape = shape
        let isCanonical =
            roles.count == 4 && zip(shape, zip(roles, Self.canonicalRoles)).allSatisfy { $0 == 1 || $1.0 == $1.1 }
        self.roles = isCanonical ? Self.canonicalRoles : roles
    }

    /// True if the axes are (batch, channels, height, width).
    var isCanonical: Bool { roles == Self.canonicalRoles }

    /// Returns the value in another shape that differs only in axes of extent 1, or nil for any other shape.
    func reshaped(_ shape: [Int]) -> MapValue? {
        let kept = self.shape.indices.filter { self.shape[$0] != 1 }
        let wanted = shape.indices.filter { shape[$0] != 1 }
        guard kept.map({ self.shape[$0] }) == wanted.map({ shape[$0] }) else { return nil }
        var roles = [MapAxis?](repeating: nil, count: shape.count)
        for (old, new) in zip(kept, wanted) { roles[new] = self.roles[old] }
        return MapValue(node: node, shape: shape, roles: roles)
    }
}

extension ONNXShape {
    subscript(axis: MapAxis) -> Int {
        get {
            switch axis {
            case .channels: channels
            case .height: height
            case .width: width
            }
        }
        set {
            switch axis {
            case .channels: channels = newValue
            case .height: height = newValue
            case .width: width = newValue
            }
        }
    }

    static let single = ONNXShape(channels: 1, height: 1, width: 1)
}
