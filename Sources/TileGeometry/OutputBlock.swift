/// How output tiles line up with the blocks of a tiled GeoTIFF, whose sides are multiples of 16.
public enum OutputBlock {
    private static let smallest = 128
    private static let largest = 512

    /// Whether blocks of a good size tile the step, so that each block comes from one tile.
    public static func divides(step: Int) -> Bool { step < smallest ? step % 16 == 0 : block(dividing: step) != nil }

    /// Block side for a step; 256 where none divides it.
    public static func side(forStep step: Int) -> Int {
        if step < smallest && step % 16 == 0 { return step }
        return block(dividing: step) ?? 256
    }

    private static func block(dividing step: Int) -> Int? {
        stride(from: largest, through: smallest, by: -16).first { step % $0 == 0 }
    }
}
