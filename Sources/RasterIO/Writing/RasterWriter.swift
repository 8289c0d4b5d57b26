import CGDAL
package import FileIO
package import TileGeometry

/// A tiled, compressed GeoTIFF, cloud-optimised or not, written block by block and visible only when it is complete.
///
/// Windows need not follow the blocks of the file: a block goes to the file, once, as soon as all of its pixels are
/// there, and never through GDAL's cache, whose state other threads change. So the same sequence of calls makes the same
/// bytes. Blocks that are only partly there stay in memory: write rows of windows from the top, and these are about one
/// row of blocks.
///
/// The file is made under a hidden name in its folder. `commit()` gives it its own; anything else, `deinit` and failures
/// of its own included, removes it. A cloud-optimised one is a plain one first, the draft, of which `finish()` makes it:
/// the disk has to have room for both.
package final class RasterWriter: @unchecked Sendable {
    // Unchecked: a writer is handed from thread to thread and never used by two at a time; there is no lock.

    /// The path that the raster will have.
    package let path: String
    /// The properties of the raster.
    package let options: Options
    /// Size of the tiles or strips that are written first; not the one asked for where the creation options say
    /// otherwise.
    package let blockSize: PixelSize

    let file: StagedFile
    /// The plain GeoTIFF that is written first if the file is a cloud-optimised copy of it.
    private let draft: StagedFile?
    private var dataset: DatasetHandle?
    private let padding: [UInt8]
    /// True if the file keeps all bands of a block together, which are then written together.
    private let isPixelInterleaved: Bool
    private let blocksAcross: Int
    private let blocksDown: Int
    private var pending: [Int: PendingBlock] = [:]
    private var isWritten: [Bool]
    private var isFinished = false

    /// Checks that a file can be made under this name, before any work is spent on it. Nothing is created.
    ///
    /// - Throws: `.outputExists`, `.cannotCreate`.
    package static func check(path: String, overwrite: Bool) throws(RasterError) {
        _ = try RasterError.ofFile { () throws(FileError) in
            try StagedFile(path: path, overwrite: overwrite, suffix: ".aux.xml")
        }
    }

    /// Creates the file under its hidden name.
    ///
    /// - Throws: `.outputExists`, `.cannotCreate`, `.outOfSpace`; `.badArgument` for options that
    ///   contradict each other.
    package init(path: String, options: Options) throws(RasterError) {
        try options.validate(path: path)
        try options.checkCreationOptions(path: path)
        func stage() throws(RasterError) -> StagedFile {
            try RasterError.ofFile { () throws(FileError) in
                try StagedFile(path: path, overwrite: options.overwrite, suffix: ".aux.xml")
            }
        }
        let file = try stage()
        let draft = options.format == .geoTIFF ? nil : try stage()
        let first = draft ?? file
        let messages = GDALMessages()
        guard let writing = options.sampleType.writing, let padding = options.sampleType.bytes(of: options.nodata ?? 0),
            let created = Self.withSidecar({
                messages.during({ Self.create(first.stagingPath, options, writing.gdalType) })
            })
        else {
            first.remove()
            throw RasterError.failed(to: "create", first, messages, .cannotCreate)
        }
        let dataset = DatasetHandle(owning: created)
        guard Self.withSidecar({ messages.during({ options.apply(to: created) }) }),
            let band = GDALGetRasterBand(created, 1)
        else {
            dataset.close()
            first.remove()
            throw RasterError.failed(to: "describe", first, messages, .cannotCreate)
        }
        var width: Int32 = 0
        var height: Int32 = 0
        GDALGetBlockSize(band, &width, &height)
        let interleaving = GDALGetMetadataItem(created, "INTERLEAVE", "IMAGE_STRUCTURE").map { String(cString: $0) }

        self.path = path
        self.options = options
        self.file = file
        self.draft = draft
        self.dataset = dataset
        self.padding = padding
        blockSize = PixelSize(width: Int(width), height: Int(height))
        isPixelInterleaved = options.bandCount > 1 && interleaving == "PIXEL"
        blocksAcross = (options.size.width - 1) / blockSize.width + 1
        blocksDown = (options.size.height - 1) / blockSize.height + 1
        isWritten = Array(
            repeating: false, count: blocksAcross * blocksDown * (isPixelInterleaved ? 1 : options.bandCount))
    }

    deinit { discard() }

    /// Writes a window of one band.
    ///
    /// - Parameters:
    ///   - window: lies inside the raster; no pixel may be written twice.
    ///   - band: from 1.
    ///   - samples: height x width, of the raster's own sample type.
    /// - Throws: `.badArgument` for what cannot be written; `.outOfSpace` or `.writeFailed`, after which the file is
    ///   gone and the writer of no more use.
    package func write<Sample: RasterSample>(
        _ window: PixelWindow, band: Int, samples: UnsafeBufferPointer<Sample>
    ) throws(RasterError) {
        guard Sample.sampleType == options.sampleType else {
            throw refusal("\(window): the samples are \(Sample.sampleType), the file's are \(options.sampleType)")
        }
        guard !window.isEmpty, PixelWindow(options.size).contains(window), (1...options.bandCount).contains(band) else {
            throw refusal(
                "\(window) of band \(band): the raster has \(options.size.width) x \(options.size.height) pixels, "
                    + "bands 1 to \(options.bandCount)")
        }
        guard samples.count >= window.size.area, let source = samples.baseAddress else {
            throw refusal("\(window): \(samples.count) samples are too few")
        }
        for row in window.y / blockSize.height...(window.maxY - 1) / blockSize.height {
            for column in window.x / blockSize.width...(window.maxX - 1) / blockSize.width {
                try put(window, band: band, samples: source, column: column, row: row)
            }
        }
    }

    /// Finishes the file, which stays hidden: of several outputs, none gets its name before all are finished. Quick, but
    /// for a cloud-optimised file, which is written once more.
    ///
    /// - Parameter isStopped: asked now and then while a cloud-optimised file is made; true gives the file up.
    /// - Throws: `.badArgument` if pixels are missing; `.outOfSpace`, `.writeFailed`. The file is gone then.
    package func finish(isStopped: @escaping () -> Bool = { false }) throws(RasterError) {
        do {
            try close(isStopped)
            isFinished = true
        } catch {
            discard()
            throw error
        }
    }

    /// Finishes the file, if that was not done, and gives it its name; its bytes are on the disk then.
    ///
    /// - Throws: as `finish()`, and `.outputExists`. The file is gone then.
    package func commit() throws(RasterError) {
        if !isFinished { try finish() }
        defer { discard() }
        try RasterError.ofFile { () throws(FileError) in try file.publish() }
    }

    /// The output under way, for a caller that gives several outputs their names together (`Publication`).
    package var stagedOutput: any StagedOutput { file }

    /// Removes the unfinished output. Does nothing after `commit()`.
    ///
    /// Quick, except for `COMPRESS=NONE`: GDAL fills an uncompressed file to its full length before closing it.
    package func discard() {
        pending.removeAll()
        if isFinished { file.remove() }
        isFinished = false
        guard let dataset else { return }
        self.dataset = nil
        // Before removing: closing writes what it can, a sidecar among it. What it cannot is of no more interest.
        dataset.close(reportingTo: GDALMessages(keepsWarnings: true))
        (draft ?? file).remove()
    }

    private func close(_ isStopped: @escaping () -> Bool) throws(RasterError) {
        guard let dataset else { throw refusal("the end: it was committed or discarded before") }
        let missing = isWritten.count { !$0 }
        guard missing == 0 else {
            throw refusal("the end: pixels of \(missing) of its \(isWritten.count) blocks were never written")
        }
        // Much is written only now, the directory and the last blocks among it; closing itself reports nothing.
        let messages = GDALMessages()
        Self.withSidecar {
            messages.during { GDALFlushCache(dataset.raw) }
            dataset.close(reportingTo: messages)
        }
        self.dataset = nil
        defer { draft?.remove() }
        let isWhole = Self.withSidecar {
            messages.failures.isEmpty && makeCopy(messages, isStopped) && readsBack()
        }
        guard isWhole else {
            // Before removing, which makes room again.
            let error = isStopped() ? stopped : RasterError.failed(to: "finish", file, messages)
            file.remove()
            throw error
        }
    }

    /// Names of classes are in a sidecar too, which GDAL does not write where `GDAL_PAM_ENABLED` says so.
    private static func withSidecar<R>(_ body: () -> R) -> R { GDALLibrary.with("GDAL_PAM_ENABLED", "YES", body) }

    /// Makes the cloud-optimised copy of the draft, if there is one.
    private func makeCopy(_ messages: GDALMessages, _ isStopped: @escaping () -> Bool) -> Bool {
        guard let draft else { return true }
        return CloudOptimizedCopy(draft: draft.stagingPath, target: file.stagingPath, options: options)
            .write(reportingTo: messages, isStopped: isStopped)
    }

    private var stopped: RasterError {
        RasterError(.writeFailed, path: path, "\(path) was given up before it was finished")
    }

    /// Returns true if the closed file opens and all of it is there: that there was no room for the sidecar, GDAL does not
    /// tell. Warns where it does not lie where it should: creation options may have it so, and a GeoTIFF cannot say
    /// everything that another format can.
    private func readsBack() -> Bool {
        guard let reader = try? RasterReader(path: file.stagingPath) else { return false }
        let names = GDALMessages().during { GDALGetRasterCategoryNames(reader.dataset.band(1)) }
        guard options.legend.isEmpty || names != nil else { return false }
        if !reader.spatialReference.isEquivalent(to: options.spatialReference) {
            RasterWarnings.emit(
                "\(path) does not have all of its scene's georeferencing, which a GeoTIFF cannot hold, or not with "
                    + "these creation options; compare both with gdalinfo")
        }
        return true
    }

    private func put(
        _ window: PixelWindow, band: Int, samples: UnsafeRawPointer, column: Int, row: Int
    ) throws(RasterError) {
        guard let dataset else { throw refusal("\(window): it was committed or discarded before") }
        let block = row * blocksAcross + column
        let index = isPixelInterleaved ? block : (band - 1) * blocksAcross * blocksDown + block
        guard !isWritten[index] else { throw refusal("\(window) of band \(band) twice") }
        let content = pending[index] ?? makeBlock(column: column, row: row)
        guard content.take(window, plane: isPixelInterleaved ? band - 1 : 0, samples: samples) else {
            throw refusal("\(window) of band \(band) twice")
        }
        guard content.isComplete else {
            pending[index] = content
            return
        }
        let bands = isPixelInterleaved ? 1...options.bandCount : band...band
        for (plane, number) in bands.enumerated() {
            let messages = GDALMessages()
            let status = messages.during {
                GDALWriteBlock(dataset.band(number), Int32(column), Int32(row), content.plane(plane))
            }
            guard status == CE_None, messages.failures.isEmpty else {
                let error = failure("write \(window) of band \(number) to", messages)
                discard()
                throw error
            }
        }
        pending[index] = nil
        isWritten[index] = true
    }

    private func makeBlock(column: Int, row: Int) -> PendingBlock {
        let whole = PixelWindow(
            x: column * blockSize.width, y: row * blockSize.height, width: blockSize.width, height: blockSize.height)
        return PendingBlock(
            planes: isPixelInterleaved ? options.bandCount : 1, blockSize: blockSize,
            inside: whole.intersection(PixelWindow(options.size)), padding: padding)
    }

    private static func create(_ path: String, _ options: Options, _ type: GDALDataType) -> GDALDatasetH? {
        guard let driver = GDALGetDriverByName("GTiff") else { return nil }
        return CStringList(options.format == .geoTIFF ? options.creationItems : options.draftItems).withUnsafe {
            items in
            GDALCreate(
                driver, path, Int32(options.size.width), Int32(options.size.height), Int32(options.bandCount), type,
                items)
        }
    }

    private func refusal(_ what: String) -> RasterError {
        RasterError(.badArgument, path: path, "cannot write \(what), to \(path)")
    }

    private func failure(_ what: String, _ messages: GDALMessages) -> RasterError {
        RasterError.failed(to: what, draft ?? file, messages)
    }
}
