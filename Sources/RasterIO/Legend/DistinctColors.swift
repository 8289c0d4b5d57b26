extension LegendEntry.Color {
    /// Paul Tol's "bright" scheme, which also colour-blind readers can tell apart; then hues at a distance that never
    /// repeats.
    private static let bright: [(UInt8, UInt8, UInt8)] = [
        (187, 187, 187), (68, 119, 170), (34, 136, 51), (204, 187, 68), (238, 102, 119), (102, 204, 238),
        (170, 51, 119),
    ]

    /// A colour for a class that has none of its own, told apart from the others' on a map: the same for the same value.
    public static func distinct(_ value: Int) -> LegendEntry.Color {
        if value < bright.count {
            let (red, green, blue) = bright[value]
            return LegendEntry.Color(red: red, green: green, blue: blue)
        }
        // Steps of the golden ratio around the colour circle.
        let hue = (Double(value) * 0.618_033_988_75).truncatingRemainder(dividingBy: 1) * 6
        let rising = UInt8(55 + 200 * hue.truncatingRemainder(dividingBy: 1))
        let falling = 255 - rising + 55
        switch Int(hue) {
        case 0: return .init(red: 255, green: rising, blue: 55)
        case 1: return .init(red: falling, green: 255, blue: 55)
        case 2: return .init(red: 55, green: 255, blue: rising)
        case 3: return .init(red: 55, green: falling, blue: 255)
        case 4: return .init(red: rising, green: 55, blue: 255)
        default: return .init(red: 255, green: 55, blue: falling)
        }
    }
}
