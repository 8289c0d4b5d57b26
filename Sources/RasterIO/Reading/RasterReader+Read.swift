import CGDAL
package import TileGeometry

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
    package func read(
        _ window: PixelWindow, bands chosen: [Int], into samples: UnsafeMutableBufferPointer<Float>,
        validity: UnsafeMutableBufferPointer<UInt8>
    ) throws(RasterError) {
        try check(window, chosen)
        try read(SampledArea(window), bands: chosen, into: samples, validity: validity)
    }

    /// Reads what `sampled` covers; samples and validity are those of its pixels, otherwise as above.
    ///
    /// - Precondition: the area lies inside the raster, the bands are its own, and both buffers are large enough.
    func read(
        _ sampled: SampledArea, bands chosen: [Int], into samples: UnsafeMutableBufferPointer<Float>,
        validity: UnsafeMutableBufferPointer<UInt8>
    ) throws(RasterError) {
        let area = sampled.size.area
        precondition(samples.count >= chosen.count * area && validity.count >= area, "buffers too small for the window")
        guard let start = samples.baseAddress, let valid = validity.baseAddress else { return }

        try readSamples(sampled, chosen, into: start)
        let sharedMask = try readSharedMask(sampled, chosen)
        valid.update(repeating: 0, count: area)
        for (index, number) in chosen.enumerated() {
            let plane = start + index * area
            let band = bands[number - 1]
            let mask = masks[number - 1]
            if band.hidesSign { SampleSign.restore(plane, count: area) }
            if band.sampleType.fitsFloat32, let nodata = mask.nodata {
                SampleValidity.invalidate(plane, count: area, in: nodata.float32)
            }
            if mask.kind == .band {
                let bandMask = bandMaskScratch.reserve(area)
                try readMask(ofBand: number, sampled, into: bandMask)
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

    /// Reads the chosen bands. If float32 holds their type, one call reads all bands, so that blocks that hold all
    /// bands are decoded only once. Other types are read band by band as float64, which still holds their nodata value.
    private func readSamples(
        _ area: SampledArea, _ chosen: [Int], into samples: UnsafeMutablePointer<Float>
    ) throws(RasterError) {
        let count = area.size.area
        if chosen.allSatisfy({ bands[$0 - 1].sampleType.fitsFloat32 }) {
            var numbers = chosen.map(Int32.init)
            let (window, size) = (area.window, area.size)
            try attempt("read \(names(chosen)), \(window)") {
                area.withExtraArgument {
                    GDALDatasetRasterIOEx(
                        dataset.raw, GF_Read, Int32(window.x), Int32(window.y), Int32(window.width),
                        Int32(window.height), samples, Int32(size.width), Int32(size.height), GDT_Float32,
                        Int32(numbers.count), &numbers, 0, 0, 0, $0)
                }
            }
            return
        }
        for (index, number) in chosen.enumerated() {
            let plane = samples + index * count
            if bands[number - 1].sampleType.fitsFloat32 {
                try read(dataset.band(number), area, into: plane, GDT_Float32, naming: names([number]))
            } else {
                let wide = wideScratch.reserve(count)
                try read(dataset.band(number), area, into: wide, GDT_Float64, naming: names([number]))
                SampleValidity.narrow(wide, count: count, nodata: masks[number - 1].nodata?.float64, into: plane)
            }
        }
    }

    /// Reads the mask that holds for all bands: the dataset's mask, and the zeros of the alpha band. Returns nil if
    /// there is neither.
    private func readSharedMask(_ area: SampledArea, _ chosen: [Int]) throws(RasterError) -> UnsafePointer<UInt8>? {
        let count = area.size.area
        let masked = chosen.first { masks[$0 - 1].kind == .dataset }
        let alphaBand = alphaBand(hiding: chosen)
        guard masked != nil || alphaBand != nil else { return nil }
        let mask = sharedMaskScratch.reserve(count)
        if let masked {
            try readMask(ofBand: masked, area, into: mask)
        } else {
            mask.update(repeating: 1, count: count)
        }
        if let alphaBand {
            // The alpha band is read as it is stored, because GDAL makes a mask of it only for 8 and 16 bits and for
            // some band counts.
            let alpha = alphaScratch.reserve(count)
            try read(dataset.band(alphaBand), area, into: alpha, GDT_Float32, naming: "alpha band \(alphaBand)")
            SampleValidity.opacity(alpha, count: count, into: mask)
        }
        return UnsafePointer(mask)
    }

    /// The alpha band that makes pixels of some bands transparent. It hides nothing where it is one of these itself: what
    /// is read for its values is data, whatever a program called it.
    private func alphaBand(hiding chosen: [Int]) -> Int? {
        alphaBand.flatMap { chosen.contains($0) ? nil : $0 }
    }

    private func readMask(
        ofBand number: Int, _ area: SampledArea, into mask: UnsafeMutablePointer<UInt8>
    ) throws(RasterError) {
        guard let band = GDALGetMaskBand(dataset.band(number)) else { preconditionFailure("band without a mask band") }
        try read(band, area, into: mask, GDT_Byte, naming: "the mask of band \(number)")
    }

    func read(
        _ band: GDALRasterBandH, _ area: SampledArea, into pixels: UnsafeMutableRawPointer, _ type: GDALDataType,
        naming name: String
    ) throws(RasterError) {
        let (window, size) = (area.window, area.size)
        try attempt("read \(name), \(window)") {
            area.withExtraArgument {
                GDALRasterIOEx(
                    band, GF_Read, Int32(window.x), Int32(window.y), Int32(window.width), Int32(window.height), pixels,
                    Int32(size.width), Int32(size.height), type, 0, 0, $0)
            }
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

/// Memory that grows to the largest window asked for and is used again for the next.
final class ScratchBuffer<Element: BitwiseCopyable> {
    private var storage = UnsafeMutableBufferPointer<Element>(start: nil, count: 0)

    deinit { storage.deallocate() }

    /// Room for `count` elements, of any content, until the next call.
    func reserve(_ count: Int) -> UnsafeMutablePointer<Element> {
        if storage.count < count || storage.baseAddress == nil {
            storage.deallocate()
            storage = .allocate(capacity: max(1, count))
        }
        guard let start = storage.baseAddress else { preconditionFailure("no memory for \(count) elements") }
        return start
    }
}
