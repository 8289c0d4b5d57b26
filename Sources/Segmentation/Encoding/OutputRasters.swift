import Models
import RasterIO
import TileGeometry

extension SegmentationJob {
    /// How a raster of one of the kinds is written.
    func options(for kind: RasterOutput.Kind) -> RasterWriter.Options {
        switch kind {
        case .mask: maskOptions
        case .probabilities: probabilityOptions
        case .confidence: confidenceOptions
        }
    }

    /// The mask: classes with their names and colours, blocks aligned to the tiles.
    private var maskOptions: RasterWriter.Options {
        var options = rasterOptions(bandCount: 1, sampleType: output.usesWideMask ? .uint16 : .uint8)
        options.nodata = Double(output.nodata)
        options.legend = output.legend
        return options
    }

    /// Probabilities: a band for each output channel.
    private var probabilityOptions: RasterWriter.Options {
        let encoding = output.probabilityEncoding
        var options = rasterOptions(bandCount: output.probabilityBands, sampleType: encoding.sampleType)
        options.nodata = encoding.nodata
        options.scale = encoding.scale
        let names = output.legend.map(\.name)
        options.bandNames = output.channels == 1 ? [names[1]] : names
        return options
    }

    /// The probability of each pixel's class.
    private var confidenceOptions: RasterWriter.Options {
        let encoding = OutputEncoding.confidenceEncoding
        var options = rasterOptions(bandCount: 1, sampleType: encoding.sampleType)
        options.nodata = encoding.nodata
        options.scale = encoding.scale
        options.bandNames = ["confidence"]
        return options
    }

    private func rasterOptions(bandCount: Int, sampleType: SampleType) -> RasterWriter.Options {
        let grid = resolution.grid
        let isOnGrid = grid.isNative || self.options.outputGrid == .model
        // Where the outputs' grid is another, tiles and blocks do not line up: smaller ones wait for less.
        let block = isOnGrid ? OutputBlock.side(forStep: plan.grid.step) : 256
        var options = RasterWriter.Options(
            size: isOnGrid ? grid.size : scene.size, bandCount: bandCount, sampleType: sampleType)
        options.blockSize = PixelSize(width: block, height: block)
        options.spatialReference =
            isOnGrid ? scene.spatialReference.resampled(to: grid) : scene.spatialReference
        options.format = self.options.format
        options.metadata = processingFacts
        options.creationOptions = self.options.creationOptions
        options.overwrite = self.options.overwrites
        return options
    }
}

extension OutputEncoding {
    /// - Throws: `SegmentationError` where the options name more or fewer classes than the model has.
    func check(_ options: SegmentationOptions) throws {
        let names = options.classNames
        let allowed = channels == 1 ? [0, 1, 2] : [0, channels]
        guard allowed.contains(names.count) else {
            let wanted = channels == 1 ? "1 name, or 2 with the background's first" : "\(channels)"
            throw SegmentationError(
                .usage,
                "--classes has \(names.count.counted("name")), and the model has \(channels.counted("output")): "
                    + "give \(wanted)")
        }
        if let place = names.firstIndex(where: { $0.allSatisfy(\.isWhitespace) }) {
            throw SegmentationError(
                .usage, "--classes: name \(place + 1) of \(names.count) is empty: give each class one")
        }
        if let name = names.first(where: { name in names.count { $0 == name } > 1 }) {
            throw SegmentationError(.usage, "--classes: \"\(name)\" is there twice: give each class a name of its own")
        }
        guard threshold >= 0 && threshold <= 1 else {
            throw SegmentationError(.usage, "--threshold \(threshold) is no probability: give a number from 0 to 1")
        }
    }

    /// An entry for each value of the mask.
    var legend: [LegendEntry] {
        let all = classes.count == 1 ? [ClassDescription(name: "background")] + classes : classes
        return (0..<classCount).map { value in
            let entry = value < all.count ? all[value] : ClassDescription(name: "class \(value)")
            let color = entry.color.map { LegendEntry.Color(red: $0.red, green: $0.green, blue: $0.blue) }
            return LegendEntry(
                value: value, name: entry.name, color: color ?? .distinct(value))
        }
    }
}
