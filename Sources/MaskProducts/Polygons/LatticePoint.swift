/// A corner of pixels: (0, 0) is the raster's upper left, (width, height) its lower right.
struct LatticePoint: Hashable, BitwiseCopyable {
    var x: Int32
    var y: Int32

    /// Twice the area that the line from this point to another sweeps around (0, 0).
    func cross(_ other: LatticePoint) -> Int { Int(x) * Int(other.y) - Int(other.x) * Int(y) }
}
