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
