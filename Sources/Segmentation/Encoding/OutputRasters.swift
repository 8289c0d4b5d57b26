import COvertileVersion
import Foundation
import Models
import RasterIO
import TileGeometry

extension SegmentationJob {
    /// Returns how a raster of one of the kinds is written: blocks aligned to the tiles, and what its bands hold.
    func options(for kind: RasterOutput.Kind) -> RasterWriter.Options {
        let output = plan.output
        switch kind.pixels(output) {
        case .classes:
            return maskOptions
        case .probabilities(let encoding, let bands):
            var options = rasterOptions(bandCount: bands, sampleType: encoding.sampleType)
            options.nodata = encoding.nodata
            options.scale = encoding.scale
            options.bandNames = kind.bandNames(output)
            return options
        }
    }

    /// The mask: classes with their names and colours, blocks aligned to the tiles.
    private var maskOptions: RasterWriter.Options {
        let output = plan.output
        var options = rasterOptions(bandCount: output.maskBands, sampleType: output.maskSampleType)
        options.nodata = output.task == .regression ? .nan : Double(output.nodata)
        if output.task == .segmentation {
            options.legend = output.legend
        } else {
            options.bandNames = output.maskBandNames
        }
        return options
    }

    private func rasterOptions(bandCount: Int, sampleType: SampleType) -> RasterWriter.Options {
        let (pixelGrid, keepsPixels) = (plan.resampling.pixelGrid, plan.resampling.keepsPixels)
        // Where the outputs' pixels are others, tiles and blocks do not line up: smaller ones wait for less.
        let block = keepsPixels ? OutputBlock.side(forStep: plan.grid.step) : 256
        var options = RasterWriter.Options(
            size: plan.outputWindow.size, bandCount: bandCount, sampleType: sampleType)
        options.blockSize = PixelSize(width: block, height: block)
        options.spatialReference =
            keepsPixels ? scene.spatialReference.resampled(to: pixelGrid) : scene.spatialReference
        if plan.area != nil { options.spatialReference = options.spatialReference.window(plan.outputWindow) }
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
        let allowed = channels == 1 && task == .segmentation ? [0, 1, 2] : [0, channels]
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

extension SampleType {
    /// The bytes of one sample.
    var sampleByteCount: Int {
        switch self {
        case .uint8, .int8: 1
        case .uint16, .int16, .float16: 2
        case .uint32, .int32, .float32: 4
        case .uint64, .int64, .float64: 8
        }
    }
}

extension SegmentationJob {
    /// The facts about what made the outputs, for their own metadata: enough to make them again, and nothing that differs from run to run,
    /// such as a date or the number of workers.
    var processingFacts: [String: String] {
        func name(_ path: String) -> String { URL(fileURLWithPath: path).lastPathComponent }
        let (grid, output, normalization) = (plan.grid, plan.output, plan.normalization)
        var facts = [
            "TIFFTAG_SOFTWARE": "Overtile \(OvertileVersion.current)",
            "OVERTILE_VERSION": OvertileVersion.current,
            "OVERTILE_SCENE": name(scene.path),
            "OVERTILE_MODEL": model.name,
            "OVERTILE_MODEL_SHA256": model.checksum,
            "OVERTILE_MODEL_FAMILY": model.family,
            "OVERTILE_TILE": "\(grid.tile)",
            "OVERTILE_MARGIN": "\(grid.margin)",
            "OVERTILE_STEP": "\(grid.step)",
            "OVERTILE_BANDS": plan.bands.map(String.init).joined(separator: ","),
            "OVERTILE_ACTIVATION": output.networkGivesProbabilities ? "probabilities" : "logits",
        ]
        for (key, values, standard) in [
            ("SCALE", normalization.scale, Float(1)), ("OFFSET", normalization.offset, 0),
            ("MEAN", normalization.mean, 0), ("STD", normalization.std, 1),
        ] where values.contains(where: { $0 != standard }) {
            facts["OVERTILE_\(key)"] = values.map { "\($0)" }.joined(separator: ",")
        }
        if options.scaling == .auto {
            facts["OVERTILE_SCALING"] = "auto: " + (feed?.best?.scaling.name ?? "as without it")
        }
        if output.task != .segmentation { facts["OVERTILE_TASK"] = output.task.rawValue }
        if output.task == .regression { facts["OVERTILE_ACTIVATION"] = nil }
        if output.channels == 1 && output.task == .segmentation || output.task == .multilabel {
            facts["OVERTILE_THRESHOLD"] = "\(output.threshold)"
        }
        if let threshold = output.smallestProbability { facts["OVERTILE_THRESHOLD"] = "\(threshold)" }
        if let wanted = plan.resampling.wanted { facts["OVERTILE_RESOLUTION"] = "\(wanted.value)" }
        if !plan.resampling.pixelGrid.isNative { facts["OVERTILE_GRID"] = options.outputPixelGrid.rawValue }
        if let area = options.area { facts["OVERTILE_AREA"] = area.description }
        if let sieve = options.sieve { facts["OVERTILE_SIEVE"] = "\(sieve)" }
        // As --assume takes it.
        if !model.assumed.isEmpty { facts["OVERTILE_ASSUME"] = model.assumed }
        if !options.skippedClasses.isEmpty {
            facts["OVERTILE_SKIPPED_CLASSES"] = options.skippedClasses.joined(separator: ",")
        }
        if let augmentation = options.augmentation { facts["OVERTILE_TTA"] = augmentation.rawValue }
        if let depth = model.options.depth { facts["OVERTILE_DEPTH"] = "\(depth)" }
        return facts
    }
}

/// The version of Overtile, after https://semver.org.
package enum OvertileVersion {
    /// The version of the sources.
    static let number = "0.1.0"

    /// The version that this build is: 0.1.0+1a2b3c4d5e6f where the build was told its commit, and 0.1.0 elsewhere.
    ///
    /// Outputs carry it, and work in progress belongs to it: a build of another commit starts over.
    package static let current = text(commit: String(cString: overtile_commit()))

    /// Returns the version of a build from a commit, which is empty where nobody knows it.
    static func text(commit: String) -> String { commit.isEmpty ? number : "\(number)+\(commit)" }
}
