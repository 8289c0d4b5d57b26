/// Convolutions of one module that follow each other, or a single one.
struct WiringUnit {
    /// The convolutions, in the order in which they are run.
    var convolutions: [LayerList.Convolution]
    /// The 1 x 1 convolution from the unit's input to the sum with its output.
    var shortcut: LayerList.Convolution?

    var first: LayerList.Convolution { convolutions[0] }
    var last: LayerList.Convolution { convolutions[convolutions.count - 1] }
    /// Channels of the map that it takes as convolutions.
    var inputs: Int { first.columns }
    /// Channels of the map that it gives as convolutions.
    var outputs: Int { last.rows }
    var isSingle: Bool { convolutions.count == 1 }
    /// True if it may be an up-convolution: from `first.rows` to `first.columns` channels.
    var mayDouble: Bool { isSingle && first.mayDouble }
    var mayConvolve: Bool { first.mayConvolve }

    /// Parts a list of layers into units.
    static func units(of layers: LayerList) -> [WiringUnit] {
        var units: [WiringUnit] = []
        var module: Substring?
        for convolution in layers.convolutions {
            let owner = convolution.name.lastIndex(of: ".").map { convolution.name[..<$0] }
            defer { module = owner }
            guard let owner, owner == module, var unit = units.last, unit.mayConvolve, convolution.mayConvolve,
                !(convolution.mayDouble && convolution.rows != convolution.columns)
            else {
                units.append(WiringUnit(convolutions: [convolution]))
                continue
            }
            if unit.outputs == convolution.columns, unit.shortcut == nil {
                unit.convolutions.append(convolution)
            } else if convolution.kernel == 1, unit.shortcut == nil, unit.inputs == convolution.columns,
                unit.outputs == convolution.rows
            {
                unit.shortcut = convolution
            } else if unit.isSingle, unit.first.kernel == 1, unit.inputs == convolution.columns,
                unit.outputs == convolution.rows, unit.shortcut == nil
            {
                // The shortcut came first.
                unit = WiringUnit(convolutions: [convolution], shortcut: unit.first)
            } else {
                units.append(WiringUnit(convolutions: [convolution]))
                continue
            }
            units[units.count - 1] = unit
        }
        return joiningShortcuts(units)
    }

    /// Joins a 1 x 1 convolution in a module of its own with the unit beside it whose channels it has.
    private static func joiningShortcuts(_ units: [WiringUnit]) -> [WiringUnit] {
        var result: [WiringUnit] = []
        var index = 0
        while index < units.count {
            let unit = units[index]
            func spans(_ shortcut: WiringUnit, _ other: WiringUnit) -> Bool {
                shortcut.isSingle && shortcut.first.kernel == 1 && shortcut.shortcut == nil && other.shortcut == nil
                    && other.first.kernel > 1 && shortcut.inputs == other.inputs && shortcut.outputs == other.outputs
                    && shortcut.inputs != shortcut.outputs
                    && likeness(shortcut.first.name, other.first.name) >= 100
            }
            if index + 1 < units.count, spans(unit, units[index + 1]) {
                var joined = units[index + 1]
                joined.shortcut = unit.first
                result.append(joined)
                index += 2
            } else if let previous = result.last, spans(unit, previous) {
                result[result.count - 1].shortcut = unit.first
                index += 1
            } else {
                result.append(unit)
                index += 1
            }
        }
        return result
    }

    /// How much the names of two layers have in common: 100 for each word between dots that both begin with, and the
    /// letters that the first different words begin with.
    static func likeness(_ left: String, _ right: String) -> Int {
        var sum = 0
        for (a, b) in zip(left.split(separator: "."), right.split(separator: ".")) {
            guard a == b else { return sum + min(99, zip(a, b).prefix { $0 == $1 }.count) }
            sum += 100
        }
        return sum
    }
}
