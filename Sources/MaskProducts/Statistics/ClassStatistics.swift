/// How much of a mask, or of a zone of it, is of each class.
public struct ClassStatistics: Equatable, Sendable, Encodable {
    /// One class.
    public struct Row: Equatable, Sendable {
        /// The mask's value.
        public let value: Int
        public let name: String
        public let amount: GroundAmount
        /// Of the valid area, or of the valid pixels where areas are not known; nil where nothing is valid.
        public let share: Double?
    }

    /// By ascending value: what the mask names, and what occurs in it.
    public let classes: [Row]
    /// All classes together.
    public let valid: GroundAmount
    /// Pixels without data.
    public let nodata: GroundAmount

    init(_ amounts: [(value: Int, name: String, amount: GroundAmount)], nodata: GroundAmount) {
        let zero = GroundAmount(pixels: 0, squareMetres: nodata.squareMetres == nil ? nil : 0)
        let valid = amounts.reduce(zero) { $0 + $1.amount }
        classes = amounts.map { value, name, amount in
            // A polar row's pixels may cover next to nothing: without area, pixels are as good a measure.
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

    public func encode(to encoder: any Encoder) throws {
        try amount.encode(to: encoder)
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(value, forKey: .value)
        try container.encode(name, forKey: .name)
        try container.encodeIfPresent(share, forKey: .share)
    }
}

/// Pixels, and the ground that they cover.
public struct GroundAmount: Equatable, Sendable {
    public var pixels: Int
    /// On the ellipsoid; nil where the raster does not say where it lies.
    public var squareMetres: Double?

    public init(pixels: Int, squareMetres: Double?) {
        self.pixels = pixels
        self.squareMetres = squareMetres
    }

    public var hectares: Double? { squareMetres.map { $0 / 10_000 } }

    static func + (a: GroundAmount, b: GroundAmount) -> GroundAmount {
        var area: Double?
        if let first = a.squareMetres, let second = b.squareMetres { area = first + second }
        return GroundAmount(pixels: a.pixels + b.pixels, squareMetres: area)
    }
}

extension GroundAmount: Encodable {
    private enum CodingKeys: CodingKey { case pixels, squareMetres, hectares }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(pixels, forKey: .pixels)
        try container.encodeIfPresent(squareMetres, forKey: .squareMetres)
        try container.encodeIfPresent(hectares, forKey: .hectares)
    }
}
