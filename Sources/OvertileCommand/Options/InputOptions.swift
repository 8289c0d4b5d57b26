import ArgumentParser
import Overtile

/// Which of the scene's pixels the model is given, and how.
struct InputOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The scene's bands in the model's order, counted from 1.", valueName: "4,3,2"))
    var bands: NumberList<Int>?

    @Option(help: "Factor on every pixel value; 1/255 by default for 8-bit scenes, else 1.")
    var scale: Float?

    @Option(help: "Added after the factor.")
    var offset: Float?

    @Option(help: ArgumentHelp("Subtracted then; one value, or one for each band.", valueName: "a,b"))
    var mean: NumberList<Float>?

    @Option(help: ArgumentHelp("Divided by then; one value, or one for each band.", valueName: "a,b"))
    var std: NumberList<Float>?

    @Option(help: ArgumentHelp("Pixel value that means \"no data\", instead of the scene's own.", valueName: "value"))
    var nodata: Double?

    func apply(to options: inout SegmentationOptions) {
        options.bands = bands?.values
        options.scale = scale
        options.offset = offset
        options.mean = mean?.values
        options.std = std?.values
        options.nodata = nodata
    }
}

/// Numbers with commas between them.
struct NumberList<Number: LosslessStringConvertible>: ExpressibleByArgument {
    var values: [Number]

    init?(argument: String) {
        let parts = argument.split(separator: ",", omittingEmptySubsequences: false)
        values = parts.compactMap { Number(String($0).trimmed) }
        guard values.count == parts.count else { return nil }
    }
}

extension String {
    fileprivate var trimmed: String { String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()) }
}
