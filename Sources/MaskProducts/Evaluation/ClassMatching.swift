import RasterIO

/// Matches the classes of a truth with those of a mask.
///
/// The user's pairs come first, then equal names if both have names, then equal values.
struct ClassMatching {
    /// A class in the evaluation.
    enum Class: Hashable {
        /// A value of the mask.
        case mask(Int)
        /// A value of the truth that matches no class of the mask.
        case truth(Int)
    }

    private let mask: [LegendEntry]
    private let truth: [LegendEntry]
    private let hasNamesOnly: Bool
    /// The user's pairs: the mask's value for a value of the truth; nil for a class that is left out.
    private var said: [Int: Int?] = [:]

    /// Prepares the matching.
    ///
    /// - Parameters:
    ///   - hasNamesOnly: true if the truth's values were assigned to names, and mean nothing by themselves.
    ///   - pairs: texts such as "1=0" or "forest=trees": the truth's class, and the mask's class or "none".
    ///   - path: the truth, for error messages.
    /// - Throws: `.badArgument` for a text that is no such pair, and for unknown names.
    init(
        mask: ClassLegend, truth: [LegendEntry], hasNamesOnly: Bool, pairs: [String], path: String
    ) throws(RasterError) {
        // What stands for a missing name is no name.
        self.mask = mask.entries.filter { $0.name != ClassLegend.placeholder(of: $0.value) }
        self.truth = truth.filter { $0.name != ClassLegend.placeholder(of: $0.value) }
        self.hasNamesOnly = hasNamesOnly
        guard !hasNamesOnly || !self.mask.isEmpty || !pairs.isEmpty else {
            throw RasterError(
                .badArgument, path: path,
                "\(path) names its classes, and the mask does not: say with --map which is which, as forest=1,water=2")
        }
        for pair in pairs {
            guard let equals = pair.lastIndex(of: "="), equals != pair.startIndex else {
                throw RasterError(
                    .badArgument, path: path,
                    "\"\(pair)\" maps no class: give pairs of the truth's class and the mask's, as 1=0,2=1")
            }
            let (from, to) = (String(pair[..<equals]), String(pair[pair.index(after: equals)...]))
            guard let value = truth.first(where: { $0.name == from })?.value ?? (hasNamesOnly ? nil : Int(from)) else {
                let known = truth.map(\.name).joined(separator: ", ")
                throw RasterError(
                    .badArgument, path: path,
                    "\(path) has no class \"\(from)\": "
                        + (known.isEmpty ? "its classes have no names, give their numbers" : "it has \(known)"))
            }
            said.updateValue(to == "none" ? nil : try mask.values(of: [to]).first, forKey: value)
        }
    }

    /// Returns the class that a value of the truth matches, or nil if the value is left out.
    func match(truth value: Int) -> Class? {
        if let said = said[value] { return said.map { .mask($0) } }
        guard let name = truth.first(where: { $0.value == value })?.name else {
            // A mask whose classes are called by the numbers of the truth that a network was trained on.
            return .mask(mask.first { $0.name == "\(value)" }?.value ?? value)
        }
        guard !mask.isEmpty else { return hasNamesOnly ? .truth(value) : .mask(value) }
        let same = mask.first { $0.name == name } ?? mask.first { $0.name.lowercased() == name.lowercased() }
        return same.map { .mask($0.value) } ?? .truth(value)
    }

    func name(of found: Class) -> String {
        switch found {
        case .mask(let value):
            // The truth's name will do where the mask has none.
            let own = mask.first { $0.value == value }?.name
            let other = truth.first { match(truth: $0.value) == found }?.name
            return own ?? other ?? ClassLegend.placeholder(of: value)
        case .truth(let value): return truth.first { $0.value == value }?.name ?? ClassLegend.placeholder(of: value)
        }
    }
}
