import CGDAL
public import TileGeometry

extension RasterReader {
    /// Reads a window of some bands as float32, in the file's own units (scale and offset are not applied).
    ///
    /// A sample has data where its band's mask, or else its nodata value, says so, the dataset's mask and alpha band
    /// are not zero, and its value is finite. All others are NaN in `samples`.
    ///
    /// - Parameters:
    ///   - window: lies inside the raster.
    ///   - bands: numbers from 1, in the order wanted; one may come twice.
    ///   - samples: planar, `bands.count` times height x width, band `bands[k]` at `k * width * height`.
    ///   - validity: height x width, 1 where at least one of the bands has data and 0 elsewhere.
    /// - Throws: `.badArgument` for windows outside the raster and bands that it has not; `.readFailed`.
    /// - Precondition: both buffers are large enough.
    /// - Complexity: scratch memory is kept; once the largest window has been read, none of a window's size is
    ///   allocated.
    public func read(
        _ window: PixelWindow, bands chosen: [Int], into samples: UnsafeMutableBufferPointer<Float>,
        validity: UnsafeMutableBufferPointer<UInt8>
    ) throws(RasterError) {
        try check(window, chosen)
        let area = window.size.area
        precondition(samples.count >= chosen.count * area && validity.count >= area, "buffers too small for the window")
        guard let start = samples.baseAddress, let valid = validity.baseAddress else { return }

        try readSamples(window, chosen, into: start)
        let sharedMask = try readSharedMask(window, chosen)
        valid.update(repeating: 0, count: area)
        for (index, number) in chosen.enumerated() {
            let plane = start + index * area
            let band = bands[number - 1]
            let mask = masks[number - 1]
            if band.sampleType.fitsFloat32, let nodata = mask.nodata {
                SampleValidity.invalidate(plane, count: area, in: nodata.float32)
            }
            if mask.kind == .band {
                let bandMask = bandMaskScratch.reserve(area)
                try readMask(ofBand: number, window, into: bandMask)
                SampleValidity.invalidate(plane, count: area, under: bandMask)
            }
            if let sharedMask { SampleValidity.invalidate(plane, count: area, under: sharedMask) }
            if sharedMask == nil, mask.kind == .none, mask.nodata == nil, !band.sampleType.isFloatingPoint {
                valid.update(repeating: 1, count: area)
            } else {
                SampleValidity.collect(plane, count: area, into: valid)
            }
        }
    }

    func check(_ window: PixelWindow, _ chosen: [Int]) throws(RasterError) {
        guard !window.isEmpty, PixelWindow(size).contains(window) else {
            throw RasterError(
                .badArgument, path: path,
                "cannot read \(window) of \(path): the raster has \(size.width) x \(size.height) pixels")
        }
        for number in chosen where !(1...bands.count).contains(number) {
            throw RasterError(
                .badArgument, path: path,
                "cannot read band \(number) of \(path): it has bands 1 to \(bands.count)")
        }
        guard !chosen.isEmpty else {
            throw RasterError(.badArgument, path: path, "cannot read \(path): no bands were chosen")
        }
    }

    /// All chosen bands in one call where float32 holds them, so that blocks with all bands in them are decoded once;
    /// types that it does not hold through float64, band by band, where their nodata value is still itself.
    private func readSamples(
        _ window: PixelWindow, _ chosen: [Int], into samples: UnsafeMutablePointer<Float>
    ) throws(RasterError) {
        let area = window.size.area
        if chosen.allSatisfy({ bands[$0 - 1].sampleType.fitsFloat32 }) {
            var numbers = chosen.map(Int32.init)
            try attempt("read \(names(chosen)), \(window)") {
                GDALDatasetRasterIOEx(
                    dataset.raw, GF_Read, Int32(window.x), Int32(window.y), Int32(window.width), Int32(window.height),
                    samples, Int32(window.width), Int32(window.height), GDT_Float32, Int32(numbers.count), &numbers,
                    0, 0, 0, nil)
            }
            return
        }
        for (index, number) in chosen.enumerated() {
            let plane = samples + index * area
            if bands[number - 1].sampleType.fitsFloat32 {
                try read(dataset.band(number), window, into: plane, GDT_Float32, naming: names([number]))
            } else {
                let wide = wideScratch.reserve(area)
                try read(dataset.band(number), window, into: wide, GDT_Float64, naming: names([number]))
                SampleValidity.narrow(wide, count: area, nodata: masks[number - 1].nodata?.float64, into: plane)
            }
        }
    }

    /// The mask that holds for all bands: the dataset's, and zeros of the alpha band; nil where there is neither.
    private func readSharedMask(_ window: PixelWindow, _ chosen: [Int]) throws(RasterError) -> UnsafePointer<UInt8>? {
        let area = window.size.area
        let masked = chosen.first { masks[$0 - 1].kind == .dataset }
        guard masked != nil || alphaBand != nil else { return nil }
        let mask = sharedMaskScratch.reserve(area)
        if let masked {
            try readMask(ofBand: masked, window, into: mask)
        } else {
            mask.update(repeating: 1, count: area)
        }
        if let alphaBand {
            // As it is stored: GDAL's mask of an alpha band exists for 8 and 16 bits only, and for few band counts.
            let alpha = alphaScratch.reserve(area)
            try read(dataset.band(alphaBand), window, into: alpha, GDT_Float32, naming: "alpha band \(alphaBand)")
            SampleValidity.opacity(alpha, count: area, into: mask)
        }
        return UnsafePointer(mask)
    }

    private func readMask(
        ofBand number: Int, _ window: PixelWindow, into mask: UnsafeMutablePointer<UInt8>
    ) throws(RasterError) {
        guard let band = GDALGetMaskBand(dataset.band(number)) else { preconditionFailure("band without a mask band") }
        try read(band, window, into: mask, GDT_Byte, naming: "the mask of band \(number)")
    }

    func read(
        _ band: GDALRasterBandH, _ window: PixelWindow, into pixels: UnsafeMutableRawPointer, _ type: GDALDataType,
        naming name: String
    ) throws(RasterError) {
        try attempt("read \(name), \(window)") {
            GDALRasterIOEx(
                band, GF_Read, Int32(window.x), Int32(window.y), Int32(window.width), Int32(window.height), pixels,
                Int32(window.width), Int32(window.height), type, 0, 0, nil)
        }
    }

    private func attempt(_ what: @autoclosure () -> String, _ call: () -> CPLErr) throws(RasterError) {
        let messages = GDALMessages()
        guard messages.during(call) != CE_None else { return }
        let reason = messages.reason(about: path, otherwise: "GDAL gave no reason")
        throw RasterError(
            .readFailed, path: path,
            "cannot \(what()) of \(path): \(reason); the file is damaged or its disk is: get an intact copy")
    }

    private func names(_ numbers: [Int]) -> String {
        (numbers.count == 1 ? "band " : "bands ") + numbers.map(String.init).joined(separator: ", ")
    }
}
