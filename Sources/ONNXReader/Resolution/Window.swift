import StoredTensors

/// How a convolution or a pooling moves over a map.
struct Window {
    let kernel: Extents
    let strides: Extents
    let dilations: Extents
    let pads: Pads
    let ceilMode: Bool
    private let input: ONNXShape

    init(
        kernel: Extents, strides: Extents, dilations: Extents, pads: Pads, ceilMode: Bool, input: ONNXShape
    ) {
        self.kernel = kernel
        self.strides = strides
        self.dilations = dilations
        self.pads = pads
        self.ceilMode = ceilMode
        self.input = input
    }

    func outputShape(channels: Int) -> ONNXShape {
        ONNXShape(
            channels: channels,
            height: length(
                input.height, kernel.height, strides.height, dilations.height, before: pads.top, after: pads.bottom),
            width: length(
                input.width, kernel.width, strides.width, dilations.width, before: pads.left, after: pads.right))
    }

    /// Returns the number of windows: `floor((input + pads - reach) / stride) + 1`, or 0 if none fits. With `ceilMode`
    /// it is rounded up, as long as the last window begins inside the map or the padding before it.
    private func length(
        _ input: Int, _ kernel: Int, _ stride: Int, _ dilation: Int, before: Int, after: Int
    ) -> Int {
        let room = input + before + after - ((kernel - 1) * dilation + 1)
        guard room >= 0 else { return 0 }
        let length = (ceilMode ? (room + stride - 1) / stride : room / stride) + 1
        return ceilMode && (length - 1) * stride >= input + before ? length - 1 : length
    }
}

extension Resolver {
    /// Returns the window of a `Conv` or a pooling, with `auto_pad` resolved.
    func window(
        _ call: OperatorCall, kernel: Extents, on input: ONNXShape, ceilMode: Bool = false
    ) throws(OperatorProblem) -> Window {
        let one = Extents(height: 1, width: 1)
        let strides = try call.extents("strides", default: one, in: 1...1 << 16)
        let dilations = try call.extents("dilations", default: one, in: 1...1 << 16)
        let pads: Pads
        switch try call.string("auto_pad") ?? "NOTSET" {
        case "NOTSET", "": pads = try call.pads()
        case "VALID": pads = Pads(all: 0)
        case let mode where mode == "SAME_UPPER" || mode == "SAME_LOWER":
            let rows = Self.samePads(
                input.height, reach: (kernel.height - 1) * dilations.height + 1, strides.height, mode)
            let columns = Self.samePads(
                input.width, reach: (kernel.width - 1) * dilations.width + 1, strides.width, mode)
            pads = Pads(top: rows.before, left: columns.before, bottom: rows.after, right: columns.after)
            guard [pads.top, pads.left, pads.bottom, pads.right].allSatisfy({ $0 <= Self.largestExtent }) else {
                throw .unsupported("reaches further than any map goes, with dilations \(dilations)")
            }
        case let mode: throw .malformed("has auto_pad \(ModelFileError.quoted(mode))")
        }
        return Window(
            kernel: kernel, strides: strides, dilations: dilations, pads: pads, ceilMode: ceilMode, input: input)
    }

    /// Returns the padding for `ceil(input / stride)` windows. The larger part of an odd number is at the end
    /// (SAME_UPPER) or at the beginning.
    private static func samePads(
        _ input: Int, reach: Int, _ stride: Int, _ mode: String
    ) -> (before: Int, after: Int) {
        let windows = (input + stride - 1) / stride
        let total = max(0, (windows - 1) * stride + reach - input)
        let before = mode == "SAME_UPPER" ? total / 2 : total - total / 2
        return (before, total - before)
    }
}

extension OperatorCall {
    /// Reads `pads`: the padding at the beginning of each axis, then at the end of each.
    func pads() throws(OperatorProblem) -> Pads {
        guard let pads = try ints("pads"), !pads.isEmpty else { return Pads(all: 0) }
        guard pads.count == 4 else {
            throw .unsupported("has pads \(pads.shapeText), and maps have two axes of pixels, which take four")
        }
        guard pads.allSatisfy((0...Resolver.largestExtent).contains) else {
            throw .malformed("has pads \(pads.shapeText)")
        }
        return Pads(top: pads[0], left: pads[1], bottom: pads[2], right: pads[3])
    }
}
