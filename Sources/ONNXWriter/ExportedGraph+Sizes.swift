import NetworkGraph

/// What changes the size of a map.
extension ExportedGraph {
    mutating func export(
        _ resize: Resize, _ input: String, _ node: Graph.Node
    ) throws(UnexportableNode) -> String {
        let label = node.label
        var attributes: [(name: String, value: ONNXAttribute)] = [
            ("coordinate_transformation_mode", .string(try coordinates(of: resize, node)))
        ]
        switch resize.mode {
        case .linear: attributes.append(("mode", .string("linear")))
        case .cubic(let a): attributes += [("mode", .string("cubic")), ("cubic_coeff_a", .float(a))]
        case .nearest(let rounding):
            attributes += [("mode", .string("nearest")), ("nearest_mode", .string(rounding.onnxName))]
        }
        let scales = [resize.vertical, resize.horizontal].compactMap { length -> Float? in
            switch length {
            case .times(let factor): Float(factor)
            case .divided(let divisor): 1 / Float(divisor)
            case .fixed: nil
            }
        }
        guard scales.count == 2 else {
            guard case .fixed(let height, _) = resize.vertical, case .fixed(let width, _) = resize.horizontal else {
                throw UnexportableNode(node)
            }
            // The sizes of all axes are asked for, and those of the first two are the input's.
            let first = append("Shape", [input], label, [("start", .int(0)), ("end", .int(2))])
            let size = integers("\(label).size", [height, width])
            let sizes = append("Concat", [first, size], label, [("axis", .int(0))])
            return append("Resize", [input, "", "", sizes], label, attributes)
        }
        let tensor = ConstantTensor(shape: [4], elements: [1, 1] + scales)
        return append("Resize", [input, "", floats("\(label).scales", tensor)], label, attributes)
    }

    private func coordinates(of resize: Resize, _ node: Graph.Node) throws(UnexportableNode) -> String {
        switch resize.coordinates {
        case .halfPixel: return "half_pixel"
        case .alignCorners: return "align_corners"
        case .asymmetric: return "asymmetric"
        case .halfPixelAboutMiddle:
            // With whole factors, the middles are over each other anyway.
            guard case .times = resize.vertical, case .times = resize.horizontal else { throw UnexportableNode(node) }
            return "half_pixel"
        case .halfPixelOfOutput: throw UnexportableNode(node)
        }
    }

    mutating func export(_ padding: Padding, _ input: String, _ label: String) -> String {
        let amounts = padding.amounts
        let pads = integers(
            "\(label).pads", [0, 0, amounts.top, amounts.left, 0, 0, amounts.bottom, amounts.right])
        switch padding.mode {
        case .constant(let value):
            return append(
                "Pad", [input, pads, number("\(label).value", value)], label, [("mode", .string("constant"))])
        case .reflect: return append("Pad", [input, pads], label, [("mode", .string("reflect"))])
        case .edge: return append("Pad", [input, pads], label, [("mode", .string("edge"))])
        }
    }

    mutating func slice(
        _ input: String, _ starts: [Int], _ ends: [Int], axes: [Int], steps: [Int]? = nil, _ label: String
    ) -> String {
        var inputs = [
            input, integers("\(label).starts", starts), integers("\(label).ends", ends),
            integers("\(label).axes", axes),
        ]
        if let steps, steps.contains(where: { $0 != 1 }) { inputs.append(integers("\(label).steps", steps)) }
        return append("Slice", inputs, label)
    }

    /// Cuts a map to the height and width of another, or puts zeros around it. Which of both it is does not depend on the
    /// size of the input, and how much it is is computed when the network is run.
    mutating func fit(_ map: String, to reference: String, _ index: Int, _ label: String) -> String {
        let inputs = graph.nodes[index].inputs.map { shapes[$0.index] }
        let isCut = inputs[0].height > inputs[1].height || inputs[0].width > inputs[1].width
        let size = append("Shape", [map], label, [("start", .int(2))])
        let wanted = append("Shape", [reference], label, [("start", .int(2))])
        let difference = append("Sub", isCut ? [size, wanted] : [wanted, size], label)
        let before = append("Div", [difference, integers("\(label).two", [2])], label)
        if isCut {
            let ends = append("Add", [before, wanted], label)
            return append("Slice", [map, before, ends, integers("\(label).axes", [2, 3])], label)
        }
        let after = append("Sub", [difference, before], label)
        let nothing = integers("\(label).zeros", [0, 0])
        let pads = append("Concat", [nothing, before, nothing, after], label, [("axis", .int(0))])
        return append("Pad", [map, pads, number("\(label).value", 0)], label, [("mode", .string("constant"))])
    }
}

extension Resize.Rounding {
    fileprivate var onnxName: String {
        switch self {
        case .halfDown: "round_prefer_floor"
        case .halfUp: "round_prefer_ceil"
        case .floor: "floor"
        case .ceil: "ceil"
        }
    }
}
