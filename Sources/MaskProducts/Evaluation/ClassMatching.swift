import RasterIO

/// Which class of a truth is which class of a mask.
///
/// What the user says comes first; then names, where both have some; then values.
struct ClassMatching {
    /// A class of the evaluation.
    enum Class: Hashable {
        /// A value of the mask.
        case mask(Int)
        /// A value of the truth that the mask knows no class for.
        case truth(Int)
    }

    private let mask: [LegendEntry]
    private let truth: [LegendEntry]
    private let hasNamesOnly: Bool
    /// What the user says: by value of the truth, the mask's value; nil for what is left out.
    private var said: [Int: Int?] = [:]

    /// - Parameters:
    ///   - hasNamesOnly: whether the truth's values are made up, and mean nothing without their names.
    ///   - pairs: as "1=0" or "forest=trees": the truth's class, and the mask's or "none".
    ///   - path: the truth, for messages.
    /// - Throws: `.badArgument` for what is no such pair, and for names that are not there.
    init(
        mask: ClassLegend, truth: [LegendEntry], hasNamesOnly: Bool, pairs: [String], path: String
    ) throws(RasterError) {
        self.mask = mask.entries
        self.truth = truth
        self.hasNamesOnly = hasNamesOnly
        guard !hasNamesOnly || !mask.entries.isEmpty || !pairs.isEmpty else {
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

    /// The class of a value of the truth; nil where it is left out.
    func match(truth value: Int) -> Class? {
        if let said = said[value] { return said.map { .mask($0) } }
        guard let name = truth.first(where: { $0.value == value })?.name else { return .mask(value) }
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
            return own ?? other ?? "class \(value)"
        case .truth(let value): return truth.first { $0.value == value }?.name ?? "class \(value)"
        }
    }
}
