import RasterIO
import TileGeometry

/// What a reader gives for a window, in arrays.
struct Pixels {
    let area: Int
    let samples: [Float]
    let validity: [UInt8]

    init(_ reader: RasterReader, bands: [Int], window: PixelWindow? = nil) throws(RasterError) {
        let window = window ?? PixelWindow(reader.size)
        area = window.size.area
        let samples = UnsafeMutableBufferPointer<Float>.allocate(capacity: area * bands.count)
        let validity = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: area)
        defer {
            samples.deallocate()
            validity.deallocate()
        }
        samples.initialize(repeating: 12345)
        validity.initialize(repeating: 99)
        try reader.read(window, bands: bands, into: samples, validity: validity)
        self.samples = Array(samples)
        self.validity = Array(validity)
    }

    /// Band by the order in which the bands were asked for, from 0.
    func band(_ index: Int) -> ArraySlice<Float> { samples[index * area..<(index + 1) * area] }

    /// Pixels with data in any band.
    var validCount: Int { validity.count { $0 == 1 } }

    func validCount(_ index: Int) -> Int { band(index).count { !$0.isNaN } }

    func sum(_ index: Int) -> Double { band(index).reduce(0) { $1.isNaN ? $0 : $0 + Double($1) } }
}
