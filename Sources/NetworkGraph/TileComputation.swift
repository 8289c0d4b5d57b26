/// What one tile computes: a window of the output, and for each map the window of it that this needs.
///
///     let tile = network.computation(height: 384, width: 384)
///     tile.input  // rows -92..<480 and columns -92..<480 about the first pixel kept: what is to be read
package struct TileComputation: Sendable {
    /// The network without `fitToSize`: every crop and padding is by a fixed number of pixels.
    package let graph: Graph
    /// For each node the window of its map that is needed, in the map's own pixels; nil where nothing is.
    package let windows: [MapWindow?]
    /// The maps' extents where they have borders, beyond which there are zeros; nil for maps without borders.
    let shapes: [MapShape]?
    /// The window of the scene that is to be read, its rows and columns counted from the first pixel that the tile
    /// keeps.
    package let input: MapWindow

    /// Rows of the output that the tile keeps.
    package var outputHeight: Int { windows[graph.output.index]!.rows.count }
    /// Columns of the output that the tile keeps.
    package var outputWidth: Int { windows[graph.output.index]!.columns.count }

    /// Works out every map's window from the output's.
    ///
    /// - Parameters:
    ///   - rows: rows of the output that are kept.
    ///   - columns: columns of the output that are kept.
    ///   - origin: the output's first pixel lies over this pixel of the input, on both axes.
    ///   - shapes: the maps' extents where they have borders; nil for maps without borders.
    init(_ graph: Graph, rows: Range<Int>, columns: Range<Int>, origin: Int, shapes: [MapShape]? = nil) {
        self.graph = graph
        self.shapes = shapes
        let rowRanges = graph.ranges(forOutput: rows, .vertical, lengths: shapes?.map(\.height))
        let columnRanges = graph.ranges(forOutput: columns, .horizontal, lengths: shapes?.map(\.width))
        var windows = zip(rowRanges, columnRanges).map { rows, columns -> MapWindow? in
            guard let rows, let columns else { return nil }
            return MapWindow(rows: rows, columns: columns)
        }
        // Also pixels that the network skips: whether they are valid decides about those of the output over them.
        windows[0] = windows[0]!.union(
            MapWindow(rows: rows, columns: columns).shifted(rows: origin, columns: origin))
        self.windows = windows
        input = windows[0]!.shifted(rows: -origin - rows.lowerBound, columns: -origin - columns.lowerBound)
    }

    /// The whole of a node's map where maps have borders; nil where they have none.
    package func extent(of node: Int) -> MapWindow? {
        shapes.map { MapWindow(rows: 0..<$0[node].height, columns: 0..<$0[node].width) }
    }

    /// The window of its inputs that a node reads. It reaches beyond them where padding adds zeros.
    package func inputWindow(of node: Int) -> MapWindow {
        let (operation, window) = (graph.nodes[node].operation, windows[node]!)
        let reach = MapWindow(
            rows: operation.inputs(of: window.rows, .vertical),
            columns: operation.inputs(of: window.columns, .horizontal))
        guard let whole = extent(of: graph.nodes[node].inputs[0].index) else { return reach }
        if operation.readsWholeMap { return whole }
        switch operation {
        case .resize, .pooling: return reach.intersection(whole)
        default: return reach
        }
    }

    /// Multiplications and additions of all convolutions on these windows, each counted as one operation.
    package var operationCount: Double {
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

/// A window of a map in the map's own pixels, which may lie beyond its borders.
package struct MapWindow: Hashable, Sendable {
    /// From the upper row to the one below the last.
    package var rows: Range<Int>
    /// From the left column to the one behind the last.
    package var columns: Range<Int>

    /// The window of these rows and columns.
    package init(rows: Range<Int>, columns: Range<Int>) {
        self.rows = rows
        self.columns = columns
    }

    /// The window moved down and to the right by so many pixels.
    package func shifted(rows: Int, columns: Int) -> MapWindow {
        MapWindow(
            rows: self.rows.lowerBound + rows..<self.rows.upperBound + rows,
            columns: self.columns.lowerBound + columns..<self.columns.upperBound + columns)
    }

    /// The smallest window that holds both.
    package func union(_ other: MapWindow) -> MapWindow {
        func span(_ a: Range<Int>, _ b: Range<Int>) -> Range<Int> {
            min(a.lowerBound, b.lowerBound)..<max(a.upperBound, b.upperBound)
        }
        return MapWindow(rows: span(rows, other.rows), columns: span(columns, other.columns))
    }

    /// The part that both cover, empty where they do not meet.
    package func intersection(_ other: MapWindow) -> MapWindow {
        MapWindow(rows: rows.clamped(to: other.rows), columns: columns.clamped(to: other.columns))
    }
}
