/// How a map is resampled to another height and width.
///
/// Each output pixel has a place in the input, which `coordinates` says for each axis, and takes the nearest input pixel
/// or a mean of the four around it, which `mode` says. Beyond the input's borders, the pixel at the border is taken.
/// Source: https://onnx.ai/onnx/operators/onnx__Resize.html.
///
///     // Bilinear upsampling to twice the size, as PyTorch does it without aligned corners:
///     Resize(.linear, .halfPixel, vertical: .times(2), horizontal: .times(2))
package struct Resize: Hashable, Sendable {
    /// What is made of the input pixels around a place.
    package enum Mode: Hashable, Sendable {
        /// The nearest pixel.
        case nearest(Rounding)
        /// A mean of the pixels on both sides, the nearer one weighing more; of both axes together, bilinear.
        case linear
        /// A polynomial through four pixels on each axis (Keys 1981), of which `a` is the slope beyond the nearer two.
        case cubic(a: Float)
    }

    /// How a fractional position becomes that of the nearest pixel.
    package enum Rounding: Hashable, Sendable {
        case halfDown, halfUp, floor, ceil
    }

    /// Where output pixel `i` lies in the input, counted in input pixels from the first one's centre. `scale` is output
    /// pixels for each input pixel.
    package enum Coordinates: Hashable, Sendable {
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
    package enum Length: Hashable, Sendable {
        /// So many times as many.
        case times(Int)
        /// One for each so many; a rest is dropped.
        case divided(by: Int)
        /// To so many pixels, whatever the input's number, as if there were `scale` output pixels for each of the input.
        case fixed(Int, scale: Float)
    }

    /// What is made of the input pixels around a place.
    package var mode: Mode
    /// Where an output pixel lies in the input.
    package var coordinates: Coordinates
    /// What becomes of the height.
    package var vertical: Length
    /// What becomes of the width.
    package var horizontal: Length

    /// Resizing in one way on both axes, each to a length of its own.
    package init(_ mode: Mode, _ coordinates: Coordinates, vertical: Length, horizontal: Length) {
        self.mode = mode
        self.coordinates = coordinates
        self.vertical = vertical
        self.horizontal = horizontal
    }

    func length(_ axis: Axis) -> Length { axis == .vertical ? vertical : horizontal }

    func isFixed(_ axis: Axis) -> Bool { if case .fixed = length(axis) { true } else { false } }

    /// The factor of bilinear upsampling, by one whole number on both axes, with half-pixel centres or aligned corners;
    /// nil for every other way of resizing. It is what libraries have kernels for.
    package var bilinearFactor: Int? {
        guard case .linear = mode, case .times(let factor) = vertical, vertical == horizontal, factor > 1 else {
            return nil
        }
        switch coordinates {
        case .halfPixel, .halfPixelAboutMiddle, .alignCorners: return factor
        case .asymmetric, .halfPixelOfOutput: return nil
        }
    }

    /// The operation's common name, for messages and listings.
    package var name: String { bilinearFactor == nil ? "resizing" : "bilinear upsampling" }

    /// Why shifting the input does not simply shift the output; nil where it does.
    ///
    /// With a whole factor, `x(i + factor) = x(i) + 1` in all coordinates but those of aligned corners, whatever the
    /// rounding then makes of the fraction; likewise for a whole divisor. What is beyond a border is clamped to it: that
    /// is felt as far as padding is, and not beyond.
    var seam: String? {
        if case .alignCorners = coordinates {
            return "\(name) with aligned corners samples at places that depend on the tile's size"
        }
        guard Axis.allCases.contains(where: isFixed) else { return nil }
        return "it resizes to a fixed size, or by a factor that is not whole"
    }

    /// What an output position takes of the input along one axis: `(1 - weight) * in[low] + weight * in[high]`.
    package struct Sample: Hashable, Sendable {
        /// The pixel at the place or before it.
        package var low: Int
        /// The pixel behind the place, or `low` again where the place lies upon that.
        package var high: Int
        /// How far the place is from the lower pixel on its way to the higher one, from 0 up to 1.
        package var weight: Float
    }

    /// The input pixels that an output position takes its value from.
    ///
    /// - Parameters:
    ///   - position: of the output.
    ///   - input: the input's length, at whose borders samples are clamped; nil for a map without borders.
    package func sample(_ position: Int, _ axis: Axis, input: Int?) -> Sample {
        var sample = unclamped(position, axis, input: input)
        guard let input else { return sample }
        sample.low = min(max(sample.low, 0), input - 1)
        sample.high = min(max(sample.high, 0), input - 1)
        return sample
    }

    /// The first of the pixels around an output position's place, were there no borders, and how far the place is beyond the
    /// pixel before it.
    private func place(_ position: Int, _ axis: Axis, input: Int?) -> (first: Int, weight: Float) {
        let sample = unclamped(position, axis, input: input)
        return (sample.low, sample.weight)
    }

    private func unclamped(_ position: Int, _ axis: Axis, input: Int?) -> Sample {
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
        return sample
    }

    /// What an output position takes of the input along one axis: `Σ weights[i] * in[positions[i]]`.
    package struct Taps: Hashable, Sendable {
        /// The four pixels around the place, those beyond the input's borders being the pixels at them.
        package var positions: [Int]
        /// How much of each is taken; the sum is 1.
        package var weights: [Float]
    }

    /// The input pixels that an output position takes its value from in cubic mode.
    ///
    /// - Parameters: as for `sample`.
    package func taps(_ position: Int, _ axis: Axis, input: Int?) -> Taps {
        guard case .cubic(let a) = mode else { preconditionFailure("only cubic resizing has four taps") }
        // The place without a border, of which the first tap is one pixel before.
        let (first, t) = place(position, axis, input: input)
        func far(_ x: Float) -> Float { ((a * x - 5 * a) * x + 8 * a) * x - 4 * a }
        func near(_ x: Float) -> Float { ((a + 2) * x - (a + 3)) * x * x + 1 }
        let positions = (first..<first + 4).map { place in input.map { min(max(place, 0), $0 - 1) } ?? place }
        return Taps(positions: positions, weights: [far(t + 1), near(t), near(1 - t), far(2 - t)])
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
        case .cubic:
            let low = place.rounded(.down)
            return Sample(low: Int(low) - 1, high: Int(low) + 2, weight: place - low)
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
        case .times(let factor) where bilinearFactor != nil:
            // `out[i]` lies at `in[(i + 1/2) / factor - 1/2]`. Kernels read the pixels on both sides of it, even where it
            // lies upon one, as it does with odd factors.
            return .expanding(extent: 2 * factor, factor: factor, offset: (factor + 1) / 2)
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
    /// Pixels that become of so many.
    package func output(of input: Int) -> Int {
        switch self {
        case .times(let factor): input * factor
        case .divided(let divisor): input / divisor
        case .fixed(let output, _): output
        }
    }
}
