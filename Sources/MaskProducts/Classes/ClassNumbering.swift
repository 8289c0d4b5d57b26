import RasterIO

/// Numbers the classes of a mask in the order in which they occur, so that counts for each class fit a small array.
struct ClassNumbering {
    /// The values of the classes, indexed by number.
    private(set) var values: [Int] = []
    /// The number of each class, indexed by value; -1 for values that have not occurred yet.
    private var numbers = [Int32](repeating: -1, count: 65_536)
    let path: String

    /// The most classes of a mask. A raster with more values holds measurements, not classes.
    static let most = 4096

    /// - Parameter path: the mask, for error messages.
    init(path: String) { self.path = path }

    /// Turns the values of a strip into class numbers.
    ///
    /// - Parameters:
    ///   - samples: the values of classes, NaN for pixels without data.
    ///   - classes: receives the class numbers, -1 for pixels without data.
    /// - Throws: `.unsupported` for values that are no classes: fractions, negative numbers, numbers above 65535, and
    ///   more than 4096 different values.
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
