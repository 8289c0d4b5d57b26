#if canImport(Glibc)
    import Glibc
#endif

/// How scores become classes and probabilities, and how classes are stored.
struct OutputEncoding: Sendable {
    /// The network's output channels: 1 is a sigmoid, more are a softmax.
    let channels: Int
    /// A sigmoid above this is class 1.
    let threshold: Float
    let writesProbabilities: Bool
    /// The scores are probabilities already.
    var isActivated = false

    /// Values of the mask: two for a sigmoid.
    var classCount: Int { max(2, channels) }
    /// Whether the mask needs 16 bits, 255 of 8 bits being nodata.
    var usesWideMask: Bool { classCount >= 255 }
    var nodata: Int { usesWideMask ? 65535 : 255 }
    var maskBytesPerPixel: Int { usesWideMask ? 2 : 1 }
    var probabilityBands: Int { writesProbabilities ? channels : 0 }

    /// The class that a pixel's scores give. The scores become probabilities, if these are wanted.
    func classify(_ scores: inout [Float]) -> Int {
        if channels == 1 {
            if !isActivated { scores[0] = 1 / (1 + exp(-scores[0])) }
            return scores[0] > threshold ? 1 : 0
        }
        var winner = 0
        for channel in 1..<channels where scores[channel] > scores[winner] { winner = channel }
        if writesProbabilities && !isActivated { Self.softmax(&scores, largest: scores[winner]) }
        return winner
    }

    private static func softmax(_ scores: inout [Float], largest: Float) {
        var sum = Float(0)
        for channel in scores.indices {
            scores[channel] = exp(scores[channel] - largest)
            sum += scores[channel]
        }
        for channel in scores.indices { scores[channel] /= sum }
    }
}
