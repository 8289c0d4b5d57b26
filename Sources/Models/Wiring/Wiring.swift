/// A way in which the layers of a checkpoint may follow each other as a U-Net.
struct Wiring {
    /// One step from the input to the output.
    enum Step: Hashable {
        /// The convolutions of a unit.
        case unit(Int)
        /// The map becomes a skip, and is halved.
        case halve
        /// The map is doubled by the up-convolution that a unit is.
        case upConvolution(Int)
        /// The map is doubled without weights.
        case double
        /// The map and the last skip become one.
        case concatenate
        /// The last skip is added to the map.
        case add
        /// The last skip is not used.
        case drop
    }

    let steps: [Step]
    /// How far it is from what people write: 0 is nothing out of the ordinary.
    let oddity: Int

    /// The number of times that the map is halved.
    var depth: Int { steps.count { $0 == .halve } }
    var hasUpConvolutions: Bool { steps.contains { if case .upConvolution = $0 { true } else { false } } }
    var hasPlainDoubling: Bool { steps.contains(.double) }
    var hasConcatenations: Bool { steps.contains(.concatenate) }

    /// One line for each level on the way down and up: what is in it, and the channels.
    func lines(_ units: [WiringUnit]) -> [String] {
        var (level, parts, lines): (Int, [String], [String]) = (0, [], [])
        func end(_ direction: String) {
            guard !parts.isEmpty else { return }
            lines.append("level \(level), \(direction): \(parts.joined(separator: ", "))")
            parts = []
        }
        var isDown = true
        for step in steps {
            switch step {
            case .unit(let index):
                let unit = units[index]
                let widths = ([unit.inputs] + unit.convolutions.map(\.rows)).map(String.init).joined(separator: " to ")
                parts.append(
                    "\(unit.first.name)\(unit.isSingle ? "" : " and \(unit.convolutions.count - 1) more") "
                        + "(\(widths))\(unit.shortcut.map { " with shortcut \($0.name)" } ?? "")")
            case .halve:
                end("down")
                level += 1
            case .upConvolution(let index):
                end(isDown ? "bottom" : "up")
                (isDown, level) = (false, level - 1)
                let unit = units[index]
                parts.append("up-convolution \(unit.first.name) (\(unit.first.rows) to \(unit.first.columns))")
            case .double:
                end(isDown ? "bottom" : "up")
                (isDown, level) = (false, level - 1)
                parts.append("upsampling")
            case .concatenate: parts.append("skip concatenated")
            case .add: parts.append("skip added")
            case .drop: parts.append("skip not used")
            }
        }
        end(isDown ? "bottom" : "up")
        return lines
    }
}
