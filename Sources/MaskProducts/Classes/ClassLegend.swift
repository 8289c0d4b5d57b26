public import RasterIO

/// The classes of a mask: what its values are called and painted.
///
/// A mask need not say so itself: a value without a name is "class 3", one without a colour gets a colour of its own, the
/// same in every output. Where no class has a name, the colours are those of the mask's palette.
public struct ClassLegend: Sendable {
    /// What the mask says, by ascending value; the value of pixels without data is none of these.
    package let entries: [LegendEntry]
    /// By value, where no class has a name.
    private let palette: [LegendEntry.Color]
    /// The mask, for messages.
    private let path: String

    /// - Parameters:
    ///   - entries: of a mask that is still to be made.
    ///   - path: the mask, for messages.
    package init(_ entries: [LegendEntry], of path: String) {
        self.entries = entries.sorted { $0.value < $1.value }
        palette = []
        self.path = path
    }

    /// - Parameter mask: one band of classes.
    public init(of mask: RasterReader) {
        entries = mask.legend(ofBand: 1)
        palette = entries.isEmpty ? mask.palette(ofBand: 1) ?? [] : []
        path = mask.path
    }

    public func name(of value: Int) -> String {
        entry(of: value)?.name ?? "class \(value)"
    }

    package func color(of value: Int) -> LegendEntry.Color {
        if let color = entry(of: value)?.color { return color }
        return palette.indices.contains(value) ? palette[value] : .distinct(value)
    }

    /// The values of classes that a user names, by name or by number.
    ///
    /// - Throws: `.badArgument` for a class that the mask has not.
    public func values(of names: [String]) throws(RasterError) -> Set<Int> {
        var values: Set<Int> = []
        for name in names {
            if let entry = entries.first(where: { $0.name == name }) {
                values.insert(entry.value)
            } else if let value = Int(name), (0...65535).contains(value), entries.isEmpty || entry(of: value) != nil {
                values.insert(value)
            } else {
                let known = entries.map { "\($0.name) (\($0.value))" }.joined(separator: ", ")
                throw RasterError(
                    .badArgument, path: path,
                    "\(path) has no class \"\(name)\": "
                        + (known.isEmpty ? "its classes have no names, give their numbers" : "it has \(known)"))
            }
        }
        return values
    }

    private func entry(of value: Int) -> LegendEntry? { entries.first { $0.value == value } }
}
