/// One class of a model's: what to call it, and how to paint it.
public struct ClassDescription: Hashable, Sendable {
    public struct Color: Hashable, Sendable {
        public var red: UInt8
        public var green: UInt8
        public var blue: UInt8

        public init(red: UInt8, green: UInt8, blue: UInt8) {
            self.red = red
            self.green = green
            self.blue = blue
        }

        /// "FF0000"
        public var hexadecimal: String {
            [red, green, blue].map { ($0 < 16 ? "0" : "") + String($0, radix: 16, uppercase: true) }.joined()
        }
    }

    public var name: String
    public var color: Color?

    public init(name: String, color: Color? = nil) {
        self.name = name
        self.color = color
    }
}
