package import RasterIO

/// The names and colours of a mask's classes.
///
/// A mask need not store them: value 3 without a name is called "class 3", and a value without a colour gets a distinct
/// one that is the same in every output. If no class has a name, the colours come from the mask's palette.
package struct ClassLegend: Sendable {
    /// The entries that the mask stores, by ascending value. The value of pixels without data is not among them.
    package let entries: [LegendEntry]
    /// The mask's colours, indexed by value, if no class has a name; else empty.
    private let palette: [LegendEntry.Color]
    /// The mask, for messages.
    private let path: String

    /// Makes the legend of a mask that does not exist yet.
    ///
    /// - Parameters:
    ///   - entries: the classes that the mask will have.
    ///   - path: the mask, for error messages.
    package init(_ entries: [LegendEntry], of path: String) {
        self.entries = entries.sorted { $0.value < $1.value }
        palette = []
        self.path = path
    }

    /// Reads the legend of a mask.
    ///
    /// - Parameter mask: a raster whose first band holds classes.
    package init(of mask: RasterReader) {
        entries = mask.legend(ofBand: 1)
        palette = entries.isEmpty ? mask.palette(ofBand: 1) ?? [] : []
        path = mask.path
    }

    /// Returns the name of a class, or "class 3" for value 3 without a name.
    package func name(of value: Int) -> String {
        entry(of: value)?.name ?? Self.placeholder(of: value)
    }

    /// The text that stands for the name of a class that nobody named, as `segment` writes it too.
    static func placeholder(of value: Int) -> String { "class \(value)" }

    /// Returns the colour of a class: the mask's own, or else a distinct one.
    package func color(of value: Int) -> LegendEntry.Color {
        if let color = entry(of: value)?.color { return color }
        return palette.indices.contains(value) ? palette[value] : .distinct(value)
    }

    /// Returns the values of classes that a user gives by name or by number.
    ///
    /// - Throws: `.badArgument` for a class that the mask does not have.
    package func values(of names: [String]) throws(RasterError) -> Set<Int> {
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
