/// Looks for a second class in a mask, block by block.
struct OnlyClass {
    private var first: Int?
    private var hasSeveral = false
    private var count = 0
    private let nodata: Int

    /// - Parameter nodata: the value of pixels without data, which is no class.
    init(nodata: Int) { self.nodata = nodata }

    /// Fewer pixels than this may well be of one class.
    static let fewest = 256

    /// The only class of all pixels that were looked at; nil where there are several, or few pixels.
    var value: Int? { hasSeveral || count < Self.fewest ? nil : first }

    /// Looks at more of the mask's pixels.
    mutating func look<Class: FixedWidthInteger>(at pixels: UnsafeBufferPointer<Class>) {
        if hasSeveral { return }
        let nodata = Class(truncatingIfNeeded: nodata)
        for pixel in pixels where pixel != nodata {
            count += 1
            guard let first else {
                self.first = Int(pixel)
                continue
            }
            if Int(pixel) != first {
                hasSeveral = true
                return
            }
        }
    }
}
