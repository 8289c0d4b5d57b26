import RasterIO

/// The form in which probabilities are stored: as they are, or as whole numbers of steps from 0 to 1, whose length every reader knows as
/// the band's scale.
///
/// The steps are decimal fractions, so that a stored value can be read off: 200 of 250 are 0.8, 40000 of 50000 as well.
struct ProbabilityEncoding: Sendable {
    /// `.float32`, `.uint8` or `.uint16`.
    let sampleType: SampleType

    /// The stored value of 1; nil for float32.
    var largest: Float? {
        switch sampleType {
        case .uint8: 250
        case .uint16: 50_000
        default: nil
        }
    }

    /// The probability that a stored 1 stands for; nil for float32.
    var scale: Double? {
        switch sampleType {
        case .uint8: 0.004
        case .uint16: 0.000_02
        default: nil
        }
    }

    var nodata: Double {
        switch sampleType {
        case .uint8: 255
        case .uint16: 65535
        default: .nan
        }
    }

    var sampleByteCount: Int { sampleType.sampleByteCount }

    /// Puts a probability into its place; one that is no number, as of a network gone astray, is no data.
    func store(_ probability: Float, at index: Int, in buffer: UnsafeMutableRawBufferPointer) {
        let place = index * sampleByteCount
        switch sampleType {
        case .uint8: buffer[place] = probability.isNaN ? .max : UInt8(steps(probability))
        case .uint16:
            buffer.storeBytes(
                of: probability.isNaN ? .max : UInt16(steps(probability)), toByteOffset: place, as: UInt16.self)
        default: buffer.storeBytes(of: probability, toByteOffset: place, as: Float.self)
        }
    }

    /// A stored probability; NaN where there is no data.
    func probability(at index: Int, in buffer: UnsafeRawBufferPointer) -> Float {
        let place = index * sampleByteCount
        switch sampleType {
        case .uint8: return buffer[place] == .max ? .nan : Float(buffer[place]) / 250
        case .uint16:
            let value = buffer.loadUnaligned(fromByteOffset: place, as: UInt16.self)
            return value == .max ? .nan : Float(value) / 50_000
        default: return buffer.loadUnaligned(fromByteOffset: place, as: Float.self)
        }
    }

    private func steps(_ probability: Float) -> Float {
        (min(max(probability, 0), 1) * (largest ?? 1)).rounded()
    }
}
