/// Reads `value_scaling` of a STAC MLM item: what is done to pixel values, as one object for all bands or one for each.
enum MLMValueScaling {
    enum Failure: Error {
        /// The value does not have the form that it should have.
        case malformed(String)
        /// The value asks for something that Overtile cannot do.
        case unknown(String)
    }

    /// The effect of one object on a value v: (clamp(v) - shift) / divisor.
    private struct Step {
        var minimum = -Float.greatestFiniteMagnitude
        var maximum = Float.greatestFiniteMagnitude
        var shift: Float = 0
        var divisor: Float = 1
    }

    /// Returns the scaling, or nil if the value says that nothing is done.
    static func scaling(_ value: MetadataValue) throws(Failure) -> PixelScaling? {
        var steps: [Step] = []
        for object in value.elements ?? [value] { steps.append(try step(object)) }
        var scaling = PixelScaling()
        if steps.contains(where: { $0.minimum > -.greatestFiniteMagnitude }) { scaling.minimum = steps.map(\.minimum) }
        if steps.contains(where: { $0.maximum < .greatestFiniteMagnitude }) { scaling.maximum = steps.map(\.maximum) }
        scaling.mean = steps.map(\.shift)
        scaling.std = steps.map(\.divisor)
        return scaling
    }

    private static func step(_ value: MetadataValue) throws(Failure) -> Step {
        guard let members = value.members else {
            if value == .null { return Step() }
            throw .malformed("\(value.summary) is not an object with a type")
        }
        let type = members["type"]?.text ?? ""
        func number(_ key: String) throws(Failure) -> Float {
            guard let number = members[key]?.number else {
                throw .malformed("type \(type) needs a number as its \(key)")
            }
            return Float(number)
        }
        func divisor(_ value: Float, _ what: String) throws(Failure) -> Float {
            guard value != 0, value.isFinite else { throw .malformed("\(what) divides by \(value)") }
            return value
        }
        switch type {
        case "min-max":
            let minimum = try number("minimum")
            let range = try divisor(try number("maximum") - minimum, "the range from minimum to maximum")
            return Step(shift: minimum, divisor: range)
        case "z-score":
            return Step(shift: try number("mean"), divisor: try divisor(try number("stddev"), "stddev"))
        case "clip": return Step(minimum: try number("minimum"), maximum: try number("maximum"))
        case "clip-min": return Step(minimum: try number("minimum"))
        case "clip-max": return Step(maximum: try number("maximum"))
        case "offset": return Step(shift: try number("value"))
        case "scale": return Step(divisor: try divisor(try number("value"), "value"))
        case "": if members["type"] == nil || members["type"] == .null { return Step() }
        default: break
        }
        throw .unknown("type \((members["type"] ?? .null).summary) is not known")
    }
}
