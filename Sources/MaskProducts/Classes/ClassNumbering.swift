import RasterIO

/// The classes that occur in a mask, numbered as they come, so that what is counted for each lies in a small array.
struct ClassNumbering {
    /// The values of the classes, by number.
    private(set) var values: [Int] = []
    /// By value, the class's number; -1 for values that have not come yet.
    private var numbers = [Int32](repeating: -1, count: 65_536)
    let path: String

    /// More is a raster of measurements, not of classes.
    static let most = 4096

    /// - Parameter path: for messages.
    init(path: String) { self.path = path }

    /// - Parameters:
    ///   - samples: values of classes, NaN for pixels without data.
    ///   - classes: are given the classes' numbers, -1 for pixels without data.
    /// - Throws: `.unsupported` for what is no class: fractions, negative numbers, numbers from 65536 on, and more than
    ///   4096 different ones.
    mutating func number(
        _ samples: UnsafePointer<Float>, count: Int, into classes: UnsafeMutablePointer<Int32>
    ) throws(RasterError) {
        for index in 0..<count {
            let sample = samples[index]
            guard sample == sample else {
                classes[index] = -1
                continue
            }
            guard sample >= 0, sample < 65_536, let value = UInt16(exactly: sample) else {
                throw RasterError(
                    .unsupported, path: path,
                    "\(path) is no mask of classes: it holds \(sample), and classes are whole numbers from 0 to 65535")
            }
            var number = numbers[Int(value)]
            if number < 0 { number = try add(Int(value)) }
            classes[index] = number
        }
    }

    private mutating func add(_ value: Int) throws(RasterError) -> Int32 {
        guard values.count < Self.most else {
            throw RasterError(
                .unsupported, path: path, "\(path) is no mask of classes: it holds more than \(Self.most) values")
        }
        numbers[value] = Int32(values.count)
        values.append(value)
        return numbers[value]
    }
}
