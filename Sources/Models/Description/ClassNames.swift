/// Reads classes as the different conventions write them.
enum ClassNames {
    /// The most classes: a mask has no more values.
    private static let most = 65_535

    /// Reads Deepness's form: an object from the ids 0, 1, 2 … to names, or a list of such objects, one for each output
    /// of the network, of which the first counts. Also reads a plain list of names, as Ultralytics writes it.
    static func numbered(_ value: MetadataValue) -> [ClassDescription]? {
        if let first = value.elements?.first, first.members != nil { return numbered(first) }
        if let names = value.elements?.map(\.text) {
            return named(names.compactMap { $0 }, count: names.count)
        }
        guard let members = value.members, members.count <= most else { return nil }
        return named((0..<members.count).compactMap { members["\($0)"]?.text }, count: members.count)
    }

    private static func named(_ names: [String], count: Int) -> [ClassDescription]? {
        names.isEmpty || names.count < count ? nil : distinct(names.map { ClassDescription(name: $0) })
    }

    /// Reads Overtile's form: names, or objects with `name` and `color`.
    static func listed(_ value: MetadataValue) -> [ClassDescription]? {
        guard let elements = value.elements, (1...most).contains(elements.count) else { return nil }
        let classes = elements.compactMap { element -> ClassDescription? in
            if let name = element.text { return ClassDescription(name: name) }
            return element.members?["name"]?.text.map {
                ClassDescription(name: $0, color: element.members.flatMap(color))
            }
        }
        return classes.count == elements.count ? distinct(classes) : nil
    }

    /// Reads the form of STAC's classification extension: objects with `value`, `name` and `color_hint`, in the
    /// spellings that occur.
    ///
    /// Values that are not 0, 1, 2 … are taken in their order, because the outputs of a network have no gaps. A class
    /// for pixels without data is not an output, and is left out.
    static func classified(_ value: MetadataValue) -> [ClassDescription]? {
        guard let elements = value.elements, (1...most).contains(elements.count) else { return nil }
        var classes: [(value: Int, class: ClassDescription)] = []
        for (index, element) in elements.enumerated() {
            if let name = element.text {
                classes.append((index, ClassDescription(name: name)))
                continue
            }
            guard let members = element.members else { return nil }
            if members["nodata"] == .boolean(true) { continue }
            let number = members["value"]?.count ?? index
            let name = ["name", "title", "description"].lazy.compactMap { members[$0]?.text }.first
            classes.append((number, ClassDescription(name: name ?? "class \(number)", color: color(members))))
        }
        guard !classes.isEmpty, Set(classes.map(\.value)).count == classes.count else { return nil }
        return distinct(classes.sorted { $0.value < $1.value }.map(\.class))
    }

    /// Reads a colour such as "ff0000", "#FF0000", "f00" or [255, 0, 0], under any of the keys that versions of the
    /// extension use.
    private static func color(_ members: [String: MetadataValue]) -> ClassDescription.Color? {
        let keys = ["color_hint", "color-hint", "color", "colour"]
        guard let value = keys.lazy.compactMap({ members[$0] }).first else { return nil }
        if let parts = value.elements {
            let numbers = parts.compactMap { $0.count.flatMap(UInt8.init(exactly:)) }
            guard numbers.count == parts.count, (3...4).contains(numbers.count) else { return nil }
            return ClassDescription.Color(red: numbers[0], green: numbers[1], blue: numbers[2])
        }
        return value.text.flatMap { ClassDescription.Color(hexadecimal: $0) }
    }

    /// Appends the value to a name that occurs twice, because legends are read by name.
    private static func distinct(_ classes: [ClassDescription]) -> [ClassDescription] {
        let counts = Dictionary(classes.map { ($0.name, 1) }, uniquingKeysWith: +)
        return classes.enumerated().map { value, entry in
            counts[entry.name] == 1 ? entry : ClassDescription(name: "\(entry.name) \(value)", color: entry.color)
        }
    }
}
