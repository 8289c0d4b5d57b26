/// The amount of each class in a mask, or in a zone of it.
///
///     let whole = try MaskStatistics(mask: "mask.tif").whole
///     print(whole.classes.map { "\($0.name): \($0.share ?? 0)" }, whole.nodata.pixels)
public struct ClassStatistics: Equatable, Sendable, Encodable {
    /// The amount of one class.
    public struct Row: Equatable, Sendable {
        /// The class's value in the mask.
        public let value: Int
        /// The name of the class.
        public let name: String
        /// The pixels of the class and their area.
        public let amount: Amount
        /// The share of the valid area, 0 to 1, or of the valid pixels if areas are not known. nil if no pixel is
        /// valid.
        public let share: Double?
    }

    /// The classes that the mask names or that occur in it, by ascending value.
    public let classes: [Row]
    /// The sum over all classes.
    public let valid: Amount
    /// The pixels without data.
    public let nodata: Amount

    init(_ amounts: [(value: Int, name: String, amount: Amount)], nodata: Amount) {
        let zero = Amount(pixels: 0, squareMetres: nodata.squareMetres == nil ? nil : 0)
        let valid = amounts.reduce(zero) { $0 + $1.amount }
        classes = amounts.map { value, name, amount in
            // Pixels of a row at a pole may have an area of zero: then shares are of pixels.
            var share: Double?
            if let part = amount.squareMetres, let whole = valid.squareMetres, whole > 0 {
                share = part / whole
            } else if valid.pixels > 0 {
                share = Double(amount.pixels) / Double(valid.pixels)
            }
            return Row(value: value, name: name, amount: amount, share: share)
        }
        self.valid = valid
        self.nodata = nodata
    }
}

extension ClassStatistics.Row: Encodable {
    private enum CodingKeys: CodingKey { case value, name, share }

    /// Encodes the class, its amount and its share as one object.
    public func encode(to encoder: any Encoder) throws {
        try amount.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(value, forKey: .value)
        try container.encode(name, forKey: .name)
        try container.encodeIfPresent(share, forKey: .share)
    }
}

extension ClassStatistics {
    /// A number of pixels, and the area that they cover on the ground.
    public struct Amount: Equatable, Sendable {
        /// The number of pixels.
        public var pixels: Int
        /// The area on the ellipsoid in square metres; nil if the raster is not georeferenced.
        public var squareMetres: Double?

        /// Makes an amount of pixels and their area in square metres, which may be unknown.
        public init(pixels: Int, squareMetres: Double?) {
            self.pixels = pixels
            self.squareMetres = squareMetres
        }

        /// The area in hectares (10,000 square metres); nil if it is not known.
        public var hectares: Double? { squareMetres.map { $0 / 10_000 } }

        static func + (a: Amount, b: Amount) -> Amount {
            var area: Double?
            if let first = a.squareMetres, let second = b.squareMetres { area = first + second }
            return Amount(pixels: a.pixels + b.pixels, squareMetres: area)
        }
    }
}

extension ClassStatistics.Amount: Encodable {
    private enum CodingKeys: CodingKey { case pixels, squareMetres, hectares }

    /// Encodes the pixels, and the area in square metres and hectares if it is known.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(pixels, forKey: .pixels)
        try container.encodeIfPresent(squareMetres, forKey: .squareMetres)
        try container.encodeIfPresent(hectares, forKey: .hectares)
    }
}
