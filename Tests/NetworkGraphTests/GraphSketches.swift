@testable import NetworkGraph

// Layers with weights of 1, for tests that ask about shapes and places alone.

extension ConstantTensor {
    static func ones(_ shape: Int...) -> ConstantTensor {
        ConstantTensor(shape: shape, elements: Array(repeating: 1, count: shape.reduce(1, *)))
    }
}

extension Convolution {
    static func ones(
        _ ic: Int, _ oc: Int, _ height: Int, _ width: Int, stride: Int = 1, dilation: Int = 1, groups: Int = 1
    ) -> Convolution {
        Convolution(
            weights: .ones(oc, ic / groups, height, width), stride: stride, dilation: dilation, groups: groups)
    }
}

extension TransposedConvolution {
    static func ones(_ ic: Int, _ oc: Int, _ taps: Int, stride: Int) -> TransposedConvolution {
        TransposedConvolution(weights: .ones(ic, oc, taps, taps), stride: stride)
    }
}

extension Pooling {
    /// Max pooling of squares with padding.
    static func padded(taps: Int, stride: Int, before: Int, after: Int) -> Pooling {
        let window = Window(taps: taps, stride: stride, before: before, after: after)
        return Pooling(.maximum, vertical: window, horizontal: window)
    }

    /// Means of squares.
    static func mean(taps: Int, stride: Int) -> Pooling {
        let window = Window(taps: taps, stride: stride)
        return Pooling(.average(countsPadding: false), vertical: window, horizontal: window)
    }
}

extension Resize {
    /// The nearest pixel, as most exporters mean it.
    static func nearest(vertical: Length, horizontal: Length) -> Resize {
        Resize(.nearest(.floor), .asymmetric, vertical: vertical, horizontal: horizontal)
    }
}

extension Borders {
    /// One pixel below and one to the right.
    static var behind: Borders { Borders(top: 0, left: 0, bottom: 1, right: 1) }
}

extension Graph {
    /// A graph of operations one behind the other.
    static func chain(channels: Int = 1, _ operations: [Operation]) -> Graph {
        var graph = Graph(inputChannels: channels)
        for operation in operations { graph.append(operation, graph.output) }
        return graph
    }
}
