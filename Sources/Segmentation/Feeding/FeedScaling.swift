import Foundation
import Models

/// One way in which pixels may be scaled for a model: `(v * scale + offset - mean) / std`.
package struct FeedScaling: Sendable, Equatable {
    /// Where a way of scaling comes from.
    package enum Origin: Sendable, Equatable {
        /// What the options and the model say, or the default: what a run does.
        case inUse
        /// A usual factor, with ImageNet's statistics, or the model's, or none.
        case usual
        /// The mean and standard deviation of the scene itself.
        case scene
    }

    /// Where it comes from.
    package let origin: Origin
    /// The way in a few words, for tables: "1/255, ImageNet's mean and std".
    package let name: String
    /// The factor.
    let scale: Float
    /// The number that is added to the product.
    let offset: Float
    /// For each band, what is then subtracted.
    let mean: [Float]
    /// For each band, what is divided by last.
    let std: [Float]

    /// The mean of red, green and blue over the images of ImageNet, scaled to 0...1, on which most public encoders were
    /// trained.
    static let imageNetMean: [Float] = [0.485, 0.456, 0.406]
    /// Their standard deviations.
    static let imageNetStd: [Float] = [0.229, 0.224, 0.225]

    /// Whole numbers by which pixels are usually divided: none, bytes, hundredths of a percent and thirds of it as
    /// reflectance is stored and stretched, and 16 bits.
    static let divisors: [Float] = [1, 255, 1000, 3000, 10_000, 65_535]

    /// For each band, the factor between a pixel and what the network is given.
    var slopes: [Double] { std.map { Double(scale) / Double($0) } }

    /// For each band, what a pixel of 0 becomes.
    private var zeros: [Double] { zip(mean, std).map { (Double(offset) - Double($0)) / Double($1) } }

    /// True if a pixel of 0 stays 0.
    var keepsZero: Bool { zeros.allSatisfy { $0 == 0 } }

    /// How many times as large as another scaling's this one's slopes are, in the geometric mean over the bands.
    func gain(over other: FeedScaling) -> Double {
        let logarithms = zip(slopes, other.slopes).map { log(($0 / $1).magnitude) }
        return exp(logarithms.reduce(0, +) / Double(logarithms.count))
    }

    /// True if it is another one without its mean and standard deviation.
    func leavesStatisticsOut(of other: FeedScaling) -> Bool {
        keepsZero && !other.keepsZero && (other.hasOwnStatistics || abs(scale / other.scale - 1) < 0.01)
    }

    /// True if it says the same of every pixel as another, but for rounding.
    func isSame(as other: FeedScaling) -> Bool {
        func isNear(_ a: Double, _ b: Double) -> Bool { abs(a - b) <= 1e-3 * max(abs(a), abs(b)) + 1e-9 }
        return zip(slopes, other.slopes).allSatisfy(isNear) && zip(zeros, other.zeros).allSatisfy(isNear)
    }

    /// True if mean and standard deviation are of some data of its own, and not none or ImageNet's: whoever gives such
    /// numbers has them from the training.
    var hasOwnStatistics: Bool {
        let isPlain = mean.allSatisfy { $0 == 0 } && std.allSatisfy { $0 == std[0] }
        return !isPlain && !(mean == Self.imageNetMean && std == Self.imageNetStd)
    }

    /// True if the pixels are divided by one of the usual numbers, whatever is done then.
    var usesUsualDivisor: Bool {
        let factors =
            mean.allSatisfy { $0 == 0 } && std.allSatisfy { $0 == std[0] } ? [scale / std[0], scale] : [scale]
        return factors.contains { factor in Self.divisors.contains { abs(factor * $0 - 1) < 0.01 } }
    }

    /// What of it has to be typed, beside what the model says itself.
    ///
    /// - Parameter said: the model's own scaling; nil where it says nothing.
    func flags(beside said: PixelScaling?) -> String {
        func text(_ values: [Float]) -> String {
            values.allSatisfy { $0 == values[0] } ? Self.text(values[0]) : values.map(Self.text).joined(separator: ",")
        }
        let mayDivide = said.map { $0.scale == nil && $0.offset == nil && $0.mean == nil } ?? (scale < 1)
        if mayDivide, mean.allSatisfy({ $0 == 0 }), std.allSatisfy({ $0 == 1 }), offset == 0, scale > 0, scale <= 1 {
            // As people say it: --std 255.
            return "--std \(Self.text((1 / scale).rounded()))"
        }
        var parts = ["--scale \(Self.text(scale))"]
        func differs(_ values: [Float], _ said: [Float]?, _ standard: Float) -> Bool {
            let inherited = said ?? [standard]
            return values.enumerated().contains { $1 != inherited[inherited.count == 1 ? 0 : $0] }
        }
        if differs([offset], said?.offset, 0) { parts.append("--offset \(Self.text(offset))") }
        if differs(mean, said?.mean, 0) { parts.append("--mean \(text(mean))") }
        if differs(std, said?.std, 1) { parts.append("--std \(text(std))") }
        return parts.joined(separator: " ")
    }

    /// A number as it can be typed, with no more digits than float32 needs.
    static func text(_ value: Float) -> String {
        value == value.rounded() && abs(value) < 1e7 ? "\(Int(value))" : "\(value)"
    }

    /// What happens to pixels, those beyond `limits` being clamped first as the model says.
    func normalization(clampedAs limits: Normalization) -> Normalization {
        var result = limits
        result.scale = Array(repeating: scale, count: mean.count)
        result.offset = Array(repeating: offset, count: mean.count)
        (result.mean, result.std) = (mean, std)
        return result
    }
}

extension FeedScaling {
    /// What a run does: the same for all bands where `scale` and `offset` are one number.
    ///
    /// Factors that differ from band to band become standard deviations.
    init(inUse normalization: Normalization) {
        let isPlain =
            normalization.scale.allSatisfy { $0 == normalization.scale[0] }
            && normalization.offset.allSatisfy { $0 == normalization.offset[0] }
        origin = .inUse
        name = "as the run scales them"
        if isPlain {
            (scale, offset) = (normalization.scale[0], normalization.offset[0])
            (mean, std) = (normalization.mean, normalization.std)
        } else {
            (scale, offset) = (1, 0)
            let bands = normalization.mean.indices
            mean = bands.map { (normalization.mean[$0] - normalization.offset[$0]) / normalization.scale[$0] }
            std = bands.map { normalization.std[$0] / normalization.scale[$0] }
        }
    }

    /// The usual ways for pixels of a scene, without the one in use.
    ///
    /// - Parameters:
    ///   - ranges: what the scene's bands hold.
    ///   - isByte: true if its pixels are bytes, which nobody divides by anything but 255.
    ///   - said: the means and standard deviations that the model or the user names for scaled pixels.
    static func usual(for ranges: [BandRange], isByte: Bool, said: [(mean: [Float], std: [Float])]) -> [FeedScaling] {
        let bands = ranges.count
        func all(_ value: Float) -> [Float] { Array(repeating: value, count: bands) }
        let largest = ranges.map { max(abs($0.high), abs($0.low)) }.max() ?? 0
        var statistics: [(name: String, mean: [Float], std: [Float])] = [("", all(0), all(1))]
        statistics += said.map { (", the mean and std in use", $0.mean, $0.std) }
        if bands == 3 { statistics.append((", ImageNet's mean and std", imageNetMean, imageNetStd)) }
        var result: [FeedScaling] = []
        for divisor in divisors where divisor == 1 || isUsual(divisor, largest: largest, isByte: isByte) {
            for (suffix, mean, std) in statistics {
                result.append(
                    FeedScaling(
                        origin: .usual, name: (divisor == 1 ? "1" : "1/\(text(divisor))") + suffix, scale: 1 / divisor,
                        offset: 0, mean: mean, std: std))
            }
        }
        if ranges.allSatisfy({ $0.deviation > 0 }) {
            result.append(
                FeedScaling(
                    origin: .scene, name: "the scene's own mean and std", scale: 1, offset: 0,
                    mean: ranges.map { $0.mean.rounded(digits: 4) },
                    std: ranges.map { $0.deviation.rounded(digits: 4) }))
        }
        return result
    }

    /// True if somebody would divide such pixels by that number: something of them has to be left.
    private static func isUsual(_ divisor: Float, largest: Float, isByte: Bool) -> Bool {
        if isByte { return divisor == 255 }
        if divisor == 255 { return largest <= 300 }
        return largest / divisor >= 0.003
    }
}

extension Float {
    /// The number to so many digits that count.
    fileprivate func rounded(digits: Int) -> Float {
        guard self != 0, isFinite else { return self }
        let unit = pow(10, Double(digits - 1) - floor(log10(Double(abs(self)))))
        return Float((Double(self) * unit).rounded() / unit)
    }
}
