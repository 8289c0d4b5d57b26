/// Looks for a second class in a mask, block by block.
struct OnlyClass {
    private var first: Int?
    private var hasSeveral = false
    private let nodata: Int

    /// - Parameter nodata: the value of pixels without data, which is no class.
    init(nodata: Int) { self.nodata = nodata }

    /// The only class of all pixels that were looked at; nil where there are several, or none.
    var value: Int? { hasSeveral ? nil : first }

    /// Looks at more of the mask's pixels.
    mutating func look<Class: FixedWidthInteger>(at pixels: UnsafeBufferPointer<Class>) {
        if hasSeveral { return }
        let nodata = Class(truncatingIfNeeded: nodata)
        for pixel in pixels where pixel != nodata {
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
