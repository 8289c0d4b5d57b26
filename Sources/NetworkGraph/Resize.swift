/// A map resampled to another size, as ONNX's `Resize` does it.
///
/// Source: https://onnx.ai/onnx/operators/onnx__Resize.html.
public struct Resize: Hashable, Sendable {
    public enum Mode: Hashable, Sendable {
        case nearest(Rounding)
        case linear
    }

    /// How a fractional position becomes that of the nearest pixel.
    public enum Rounding: Hashable, Sendable {
        case halfDown, halfUp, floor, ceil
    }

    /// Where output pixel `i` lies in the input.
    public enum Coordinates: Hashable, Sendable {
        /// `(i + 0.5) / scale - 0.5`
        case halfPixel
        /// As halfPixel, but with the middle of the input under that of the output also where its length was rounded.
        case halfPixelAboutMiddle
        /// `i * (length - 1) / (output - 1)`
        case alignCorners
        /// `i / scale`
        case asymmetric
        /// `(i + 0.5) / scale`
        case halfPixelOfOutput
    }

    /// How many pixels become how many along one axis.
    public enum Length: Hashable, Sendable {
        case times(Int)
        case divided(by: Int)
        /// To so many pixels, whatever the input's number, as if there were `scale` output pixels for each of the input.
        case fixed(Int, scale: Float)
    }

    public var mode: Mode
    public var coordinates: Coordinates
    public var vertical: Length
    public var horizontal: Length

    public init(_ mode: Mode, _ coordinates: Coordinates, vertical: Length, horizontal: Length) {
        self.mode = mode
        self.coordinates = coordinates
        self.vertical = vertical
        self.horizontal = horizontal
    }

    func length(_ axis: Axis) -> Length { axis == .vertical ? vertical : horizontal }

    func isFixed(_ axis: Axis) -> Bool { if case .fixed = length(axis) { true } else { false } }

    /// Why shifting the input does not simply shift the output; nil where it does.
    ///
    /// With a whole factor, `x(i + factor) = x(i) + 1` in all coordinates but those of aligned corners, whatever the
    /// rounding then makes of the fraction; likewise for a whole divisor. What is beyond a border is clamped to it: that
    /// is felt as far as padding is, and not beyond.
    var seam: String? {
        if case .alignCorners = coordinates {
            return "resizing with aligned corners samples at places that depend on the tile's size"
        }
        guard Axis.allCases.contains(where: isFixed) else { return nil }
        return "it resizes to a fixed size, or by a factor that is not whole"
    }

    /// Where an output position samples the input: between two pixels, so much of the way to the second.
    public struct Sample: Hashable, Sendable {
        public var low: Int
        public var high: Int
        public var weight: Float
    }

    /// - Parameters:
    ///   - position: of the output.
    ///   - input: the input's length, at whose borders samples are clamped; nil for a map without borders.
    package func sample(_ position: Int, _ axis: Axis, input: Int?) -> Sample {
        // Whole pixels apart, so that the fraction is the same wherever the map begins.
        var (whole, place) = (0, Float(0))
        switch (coordinates, length(axis)) {
        case (.alignCorners, let length):
            let input = input ?? 1
            let output = length.output(of: input)
            place = output > 1 ? Float(position) * Float(input - 1) / Float(output - 1) : 0
        case (_, .times(let factor)):
            whole = floorDivide(position, by: factor)
            place = fraction(position - whole * factor, scale: Float(factor))
        case (_, .divided(let divisor)):
            whole = position * divisor
            place = fraction(0, scale: 1 / Float(divisor))
        case (_, .fixed(let output, let scale)):
            place = fraction(position, scale: scale)
            if case .halfPixelAboutMiddle = coordinates, let input {
                place += Float(input) / 2 * (1 - Float(output) / (Float(input) * scale))
            }
        }
        var sample = sample(at: place)
        sample.low += whole
        sample.high += whole
        guard let input else { return sample }
        sample.low = min(max(sample.low, 0), input - 1)
        sample.high = min(max(sample.high, 0), input - 1)
        return sample
    }

    private func fraction(_ position: Int, scale: Float) -> Float {
        switch coordinates {
        case .halfPixel, .halfPixelAboutMiddle: (Float(position) + 0.5) / scale - 0.5
        case .asymmetric, .alignCorners: Float(position) / scale
        case .halfPixelOfOutput: (Float(position) + 0.5) / scale
        }
    }

    private func sample(at place: Float) -> Sample {
        switch mode {
        case .linear:
            let low = place.rounded(.down)
            let weight = place - low
            return Sample(low: Int(low), high: weight == 0 ? Int(low) : Int(low) + 1, weight: weight)
        case .nearest(let rounding):
            let nearest: Float =
                switch rounding {
                case .floor: place.rounded(.down)
                case .ceil: place.rounded(.up)
                case .halfDown: (place - 0.5).rounded(.up)
                case .halfUp: (place + 0.5).rounded(.down)
                }
            return Sample(low: Int(nearest), high: Int(nearest), weight: 0)
        }
    }

    /// How rows or columns are read, on a map without borders.
    func mapping(_ axis: Axis) -> AxisMapping {
        switch length(axis) {
        case .times(let factor):
            // Output `position` reads pixel `low`: `position + offset - low * factor` is from 0 to the extent.
            let places = (0..<factor).map { position in
                let sample = sample(position, axis, input: nil)
                return (position - sample.high * factor)...(position - sample.low * factor)
            }
            let (least, most) = (places.map(\.lowerBound).min()!, places.map(\.upperBound).max()!)
            return .expanding(extent: most - least + 1, factor: factor, offset: -least)
        case .divided(let divisor):
            let sample = sample(0, axis, input: nil)
            return .window(extent: sample.high - sample.low + 1, stride: divisor, offset: sample.low)
        case .fixed:
            return .identity
        }
    }
}

extension Resize.Length {
    func output(of input: Int) -> Int {
        switch self {
        case .times(let factor): input * factor
        case .divided(let divisor): input / divisor
        case .fixed(let output, _): output
        }
    }
}
