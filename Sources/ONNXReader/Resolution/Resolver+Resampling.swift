import StoredTensors

/// Operators that change the size of a map.
extension Resolver {
    mutating func resize(_ call: OperatorCall) throws(OperatorProblem) -> [ResolvedValue] {
        guard call.opset >= 11 else { return try upsample(call) }
        let map = try canonicalMap(call)
        guard try call.string("keep_aspect_ratio_policy") ?? "stretch" == "stretch" else {
            throw .unsupported("keeps the aspect ratio of its input: export the network with exact sizes")
        }
        let mode = try call.string("mode") ?? "nearest"
        let name = try call.string("coordinate_transformation_mode") ?? "half_pixel"
        guard let coordinates = ONNXOperation.Resize.Coordinates(rawValue: name) else {
            throw .unsupported("has coordinates of mode \(ModelFileError.quoted(name)), which are not read")
        }
        let rounding = try call.string("nearest_mode") ?? "round_prefer_floor"
        guard let rounding = ONNXOperation.Resize.Rounding(rawValue: rounding) else {
            throw .malformed("has nearest_mode \(ModelFileError.quoted(rounding))")
        }
        let axes = try call.ints("axes")
        // An input that is left out may exist and be empty.
        if let scales = try call.constant(2), scales.count > 0 {
            let factors = try Self.pixelAxes(try scales.floats(), axes, unchanged: [1, 1])
            return try resized(map, call, mode, rounding, coordinates, factors: factors)
        }
        guard let sizes = try call.constant(3)?.integers(), !sizes.isEmpty else {
            throw .malformed("has neither scales nor sizes")
        }
        let shape = shape(of: map)
        let size = try Self.pixelAxes(sizes, axes, unchanged: [1, shape.channels])
        return try resized(map, call, mode, rounding, coordinates, size: size)
    }

    /// Resolves `Upsample`, and `Resize` of opset 10: output pixel `i` lies at `i / scale`.
    mutating func upsample(_ call: OperatorCall) throws(OperatorProblem) -> [ResolvedValue] {
        let map = try canonicalMap(call)
        var scales = try call.floats("scales")
        if scales == nil { scales = try call.requiredConstant(1).floats() }
        guard let scales else { throw .malformed("has no scales") }
        let factors = try Self.pixelAxes(scales, nil, unchanged: [1, 1])
        let (shrinks, grows) = (factors.contains { $0 < 1 }, factors.contains { $0 > 1 })
        let mode = try call.string("mode") ?? "nearest"
        guard mode != "nearest" || !shrinks || !grows else {
            throw .unsupported("makes a map both smaller and larger, for which its opset has no clear rule")
        }
        return try resized(map, call, mode, shrinks ? .ceil : .floor, .asymmetric, factors: factors)
    }

    /// Returns the numbers of `Resize` for height and width, from one number for each axis or for those that `axes`
    /// names.
    ///
    /// - Parameter unchanged: the number that batch and channels must have.
    private static func pixelAxes<Number: Equatable>(
        _ numbers: [Number], _ axes: [Int]?, unchanged: [Number]
    ) throws(OperatorProblem) -> [Number] {
        var given: [Number?] = [nil, nil, nil, nil]
        let axes = axes ?? Array(0..<4)
        guard axes.count == numbers.count else {
            throw .malformed("has \(numbers.count) scales or sizes for \(axes.count) axes")
        }
        for (axis, number) in zip(axes, numbers) { given[try resolvedAxis(axis, rank: 4)] = number }
        guard given[0] ?? unchanged[0] == unchanged[0], given[1] ?? unchanged[1] == unchanged[1] else {
            throw .unsupported("resizes the batch or the channels: only height and width can be")
        }
        guard let height = given[2], let width = given[3] else {
            throw .unsupported("resizes one of height and width alone: export the network with both")
        }
        return [height, width]
    }

    private mutating func resized(
        _ map: MapValue, _ call: OperatorCall, _ mode: String, _ rounding: ONNXOperation.Resize.Rounding,
        _ coordinates: ONNXOperation.Resize.Coordinates, factors: [Float]
    ) throws(OperatorProblem) -> [ResolvedValue] {
        let shape = shape(of: map)
        var size: [Int] = []
        for (factor, extent) in zip(factors, [shape.height, shape.width]) {
            guard factor > 0, let length = Int(exactly: (Float(extent) * factor).rounded(.down)),
                length <= Self.largestExtent
            else { throw .malformed("resizes by a factor of \(factor)") }
            size.append(length)
        }
        return try resized(
            map, call, mode, rounding, coordinates, scales: factors, size: size, isToSize: false)
    }

    private mutating func resized(
        _ map: MapValue, _ call: OperatorCall, _ mode: String, _ rounding: ONNXOperation.Resize.Rounding,
        _ coordinates: ONNXOperation.Resize.Coordinates, size: [Int]
    ) throws(OperatorProblem) -> [ResolvedValue] {
        let shape = shape(of: map)
        let scales = zip(size, [shape.height, shape.width]).map { Float($0) / Float($1) }
        return try resized(map, call, mode, rounding, coordinates, scales: scales, size: size, isToSize: true)
    }

    private mutating func resized(
        _ map: MapValue, _ call: OperatorCall, _ mode: String, _ rounding: ONNXOperation.Resize.Rounding,
        _ coordinates: ONNXOperation.Resize.Coordinates, scales: [Float], size: [Int], isToSize: Bool
    ) throws(OperatorProblem) -> [ResolvedValue] {
        if try call.int("antialias") ?? 0 != 0 && scales.contains(where: { $0 < 1 }) {
            throw .unsupported("smooths while it makes a map smaller (antialias): export the network without it")
        }
        let resizeMode: ONNXOperation.Resize.Mode
        switch mode {
        case "nearest": resizeMode = .nearest(rounding)
        case "linear", "bilinear": resizeMode = .linear
        case "cubic":
            guard try call.int("exclude_outside") ?? 0 == 0 else {
                throw .unsupported("leaves out pixels beyond the map (exclude_outside): export the network without it")
            }
            resizeMode = .cubic(a: try call.float("cubic_coeff_a") ?? -0.75)
        default:
            throw .unsupported(
                "interpolates in mode \(ModelFileError.quoted(mode)): export the network with nearest or linear "
                    + "interpolation"
            )
        }
        let operation = ONNXOperation.Resize(
            mode: resizeMode, coordinates: coordinates, verticalScale: scales[0], horizontalScale: scales[1],
            isToSize: isToSize)
        var shape = shape(of: map)
        (shape.height, shape.width) = (size[0], size[1])
        return try append(.resize(operation), on: map, shape: shape)
    }

    // MARK: - Padding

    mutating func pad(_ call: OperatorCall) throws(OperatorProblem) -> [ResolvedValue] {
        guard let pads = try call.integers("pads", input: 1) else { throw .malformed("has no pads") }
        let rank = try call.operand(0).shape.count
        let axes = try call.constant(3)?.integers() ?? Array(0..<rank)
        guard pads.count == 2 * axes.count else {
            throw .malformed("has \(pads.count) pads for \(axes.count) axes")
        }
        let bounds = -Self.largestExtent...Self.largestExtent
        guard pads.allSatisfy(bounds.contains) else { throw .malformed("has pads \(pads.shapeText)") }
        var all = [(before: Int, after: Int)](repeating: (0, 0), count: rank)
        for (index, axis) in axes.enumerated() {
            all[try resolvedAxis(axis, rank: rank)] = (pads[index], pads[index + axes.count])
        }
        guard try call.operand(0).isTokens == false else {
            let isConstant = try call.string("mode") ?? "constant" == "constant"
            if !isConstant, let outputs = try outputsOfMaps(call) { return outputs }
            return try padded(call, by: all)
        }
        let map = try call.map(0)
        var amounts = Pads(all: 0)
        for (amount, role) in zip(all, map.roles) {
            switch role {
            case .height: (amounts.top, amounts.bottom) = amount
            case .width: (amounts.left, amounts.right) = amount
            default: if amount != (0, 0) { return try padded(call, by: all) }
            }
        }
        let shape = shape(of: map)
        let mode = try padMode(call, amounts, shape)
        let padded = ONNXShape(
            channels: shape.channels, height: shape.height + amounts.top + amounts.bottom,
            width: shape.width + amounts.left + amounts.right)
        return try append(.pad(.init(mode: mode, amounts: amounts)), on: map, shape: padded)
    }

    private func padMode(
        _ call: OperatorCall, _ amounts: Pads, _ shape: ONNXShape
    ) throws(OperatorProblem) -> ONNXOperation.Pad.Mode {
        let value = try call.number("value", input: 2) ?? 0
        let name = try call.string("mode") ?? "constant"
        switch name {
        case "constant": return .constant(value)
        case "edge": return .edge
        case "reflect":
            guard max(amounts.top, amounts.bottom) < shape.height, max(amounts.left, amounts.right) < shape.width else {
                throw .unsupported(
                    "mirrors more pixels than a map of \(shape.height) x \(shape.width) has: choose a larger tile")
            }
            return .reflect
        default: throw .unsupported("pads in mode \(ModelFileError.quoted(name)), which is not read")
        }
    }
}
