package import Models
package import RasterIO

extension SegmentationOptions {
    /// Opens a scene with the nodata value of these options; without one, with the model's own, unless the scene itself
    /// says which of its pixels have data.
    ///
    /// - Throws: `RasterError`.
    package func open(scene path: String, for model: Model) throws(RasterError) -> RasterReader {
        var stack = StackOptions()
        stack.resolution = stackResolution
        let names = (bands ?? model.description.bands?.value ?? []).map { band in
            if case .name(let names) = band { names } else { [] as [String] }
        }
        if names.allSatisfy({ !$0.isEmpty }) { stack.bands = names }
        let scene = try RasterReader(path: path, nodata: nodata, stack: stack)
        guard nodata == nil, let described = model.description.nodata, !scene.marksInvalidPixels else { return scene }
        return try RasterReader(path: path, nodata: described.value, stack: stack)
    }

    /// Returns the model's description with these options in it. A file can keep it, so that the options need not be given
    /// again.
    ///
    /// - Throws: `SegmentationError` for options that do not fit the model.
    package func description(of model: Model) throws -> ModelDescription {
        var result = model.description
        var settled = self
        settled.activation = activation ?? .logits
        let output = try OutputEncoding(model, settled)
        if let bands {
            let hasZero = bands.contains { if case .number(let number) = $0 { number < 1 } else { false } }
            guard bands.count == model.bands, !hasZero else {
                throw SegmentationError(
                    .usage, "--bands: name \(model.bands.counted("band")), counted from 1, in the model's order")
            }
            result.bands = Sourced(bands, source: "--bands")
            result.refusals[.bands] = nil
        }
        if scale != nil || offset != nil || mean != nil || std != nil {
            let normalization = try SceneInput.normalization(model, self)
            var scaling = PixelScaling()
            scaling.minimum = result.scaling?.value.minimum
            scaling.maximum = result.scaling?.value.maximum
            (scaling.scale, scaling.offset) = (normalization.scale, normalization.offset)
            (scaling.mean, scaling.std) = (normalization.mean, normalization.std)
            result.scaling = Sourced(scaling, source: "--scale, --offset, --mean, --std")
            result.refusals[.scaling] = nil
        }
        switch resolution {
        case .metres(let metres): result.resolution = Sourced(metres, source: "--resolution")
        case .native: result.resolution = nil
        case .model, nil: break
        }
        if let nodata { result.nodata = Sourced(nodata, source: "--nodata") }
        if let threshold { result.threshold = Sourced(threshold, source: "--threshold") }
        if !classNames.isEmpty { result.classes = Sourced(output.classes, source: "--classes") }
        if let activation {
            result.activation = Sourced(activation, source: "--activation")
            result.refusals[.activation] = nil
        }
        return result
    }
}
