import CGDAL
import CLinux
package import FileIO
import Glibc
package import RasterIO

/// A layer of polygons in a file of its own, written feature by feature and visible only when it is complete.
///
/// The same calls make the same bytes. If a format keeps the date of its last change, that is 1970-01-01. With
/// `overwrite`, a file of the output's name is replaced as a whole; layers are not added to files.
///
/// The order of calls for each feature: for each polygon `beginPolygon()`, and for its exterior and then each hole
/// `beginRing()`, `addPoints` and `endRing()`; then `set` for its fields and `endFeature()`.
package final class VectorWriter: @unchecked Sendable {
    // Unchecked: a writer is handed from thread to thread and never used by two at a time; there is no lock.

    /// The path that the file will have.
    package let path: String
    /// The format, told by the ending of the path.
    package let format: VectorFormat
    private let options: Options
    private let staged: StagedFolder
    private let messages = GDALMessages()
    private var dataset: DatasetHandle?
    private let layer: OGRLayerH
    private let definition: OGRFeatureDefnH
    private var isFinished = false
    /// The geometry of the current feature.
    private let geometry: WellKnownBinary
    /// The current feature, which the writer owns.
    private var feature: OGRFeatureH?
    private let geoPackage: GeoPackageGeometry?

    /// The size in bytes from which polygons are written into a GeoPackage without GDAL.
    private static let large = 4 << 20

    /// The settings in force on the thread that creates or closes a file, for reproducible and quick GeoPackages: the staged file needs
    /// no protection from crashes.
    private static let settings = [
        ("OGR_CURRENT_DATE", "1970-01-01T00:00:00.000Z"), ("OGR_SQLITE_SYNCHRONOUS", "OFF"),
    ]

    /// Checks that a file can be made under this name, before any work is spent on it. Nothing is created.
    ///
    /// - Throws: `.badArgument` for unknown formats, `.unsupported` for those that GDAL cannot write here,
    ///   `.outputExists`, `.cannotCreate`.
    package static func check(path: String, overwrite: Bool) throws(RasterError) {
        let format = try VectorFormat(path: path)
        let staged = try format.stage(path, overwrite: overwrite)
        // Formats have rules of their own for the names of layers, which are those of files: made in memory, it shows. What
        // GDAL warns of there is nothing that the file will have.
        let folder = "/vsimem/overtile-trial-" + FileName.last(of: FileName.folder(of: staged.stagingPath))
        let messages = GDALMessages(keepsWarnings: true)
        let created = withSettings {
            messages.during {
                VSIMkdir(folder, 0o700)
                return create(
                    FileName.joined(folder, FileName.last(of: staged.stagingPath)), format,
                    Options(crs: nil, fields: []))
            }
        }
        created?.0.close()
        messages.during { VSIRmdirRecursive(folder) }
        guard created == nil || !messages.failures.isEmpty else { return }
        throw RasterError(
            .cannotCreate, path: path,
            "cannot create \(path): \(messages.reason(about: path, otherwise: "GDAL does not take its name for a layer")); "
                + "choose another name")
    }

    /// Creates the file under its hidden name.
    ///
    /// - Throws: as `check`, and `.unsupported` for what the format cannot hold; `.outOfSpace`.
    package init(path: String, options: Options) throws(RasterError) {
        let format = try VectorFormat(path: path)
        try options.validate(for: format, path: path)
        let staged = try format.stage(path, overwrite: options.overwrite)
        try RasterError.ofFile { () throws(FileError) in try staged.make() }
        let messages = messages
        let created = Self.withSettings {
            messages.during { Self.create(format.writingPath(staged.stagingPath), format, options) }
        }
        guard let (dataset, layer) = created, messages.failures.isEmpty, let definition = OGR_L_GetLayerDefn(layer)
        else {
            created?.0.close()
            let error = RasterError.failed(
                to: "create", staged, messages, .cannotCreate, reason: Self.takeReason(in: staged.hidden))
            staged.remove()
            throw error
        }
        self.path = path
        self.format = format
        self.options = options
        self.staged = staged
        self.dataset = dataset
        self.layer = layer
        self.definition = definition
        geometry = WellKnownBinary(isMultiPolygon: options.isMultiPolygon)
        geoPackage = format == .geoPackage ? GeoPackageGeometry(dataset: dataset.raw, layer: layer) : nil
    }

    deinit { discard() }

    /// Begins a polygon of the current feature.
    package func beginPolygon() { geometry.beginPolygon() }

    /// Begins a ring of the current polygon: first its exterior, and then each hole.
    ///
    /// - Precondition: `beginPolygon()` came before.
    package func beginRing() {
        precondition(!geometry.isEmpty)
        geometry.beginRing()
    }

    /// Adds points to the current ring. The first one is not repeated at the end.
    ///
    /// - Parameters:
    ///   - x: eastings or longitudes.
    ///   - y: northings or latitudes, as many as `x`.
    package func addPoints(x: [Double], y: [Double]) { geometry.append(x: x, y: y) }

    /// Closes the current ring.
    package func endRing() { geometry.endRing() }

    /// Sets a field to a whole number, by its index in the options. Fields that are not set are null.
    package func set(_ field: Int, _ value: Int) {
        if let feature = makeFeature() { OGR_F_SetFieldInteger64(feature, Int32(field), GIntBig(value)) }
    }

    /// Sets a field to a number, by its index in the options.
    package func set(_ field: Int, _ value: Double) {
        if let feature = makeFeature() { OGR_F_SetFieldDouble(feature, Int32(field), value) }
    }

    /// Sets a field to a text, by its index in the options.
    package func set(_ field: Int, _ value: String) {
        if let feature = makeFeature() { OGR_F_SetFieldString(feature, Int32(field), value) }
    }

    /// Writes the feature.
    ///
    /// - Throws: `.outOfSpace` or `.writeFailed`, after which the file is gone and the writer of no more use.
    package func endFeature() throws(RasterError) {
        guard dataset != nil else {
            throw RasterError(.badArgument, path: path, "cannot write to \(path): it was committed or discarded before")
        }
        let feature = makeFeature()
        self.feature = nil
        let refusal = messages.during { write(feature) }
        OGR_F_Destroy(feature)
        geometry.removeAll()
        if refusal == nil, messages.failures.isEmpty { return }
        let error = failure("write to", refusal)
        discard()
        throw error
    }

    /// - Returns: the reason why a large polygon could not be written, or nil. GDAL's own messages are collected.
    private func write(_ feature: OGRFeatureH?) -> String? {
        let geoPackage = geometry.size > Self.large ? self.geoPackage : nil
        guard let geoPackage else {
            OGR_F_SetGeometryDirectly(feature, geometry.makeGeometry())
            geometry.removeAll()
            return OGR_L_CreateFeature(layer, feature) == OGRERR_NONE ? nil : ""
        }
        OGR_F_SetGeometryDirectly(
            feature, GeoPackageGeometry.placeholder(of: geometry.bounds, isMultiPolygon: options.isMultiPolygon))
        guard OGR_L_CreateFeature(layer, feature) == OGRERR_NONE else { return "" }
        // The parts of the polygon have been freed, and SQLite is about to need as much memory.
        malloc_trim(0)
        return geoPackage.replace(feature: OGR_F_GetFID(feature), with: geometry)
    }

    /// Finishes the file, which stays hidden: of several outputs, none gets its name before all are finished.
    ///
    /// - Throws: `.outOfSpace`, `.writeFailed`. The file is gone then.
    package func finish() throws(RasterError) {
        guard let dataset, !isFinished else { return }
        // Making the index loads the largest polygon into memory once more.
        malloc_trim(0)
        Self.withSettings {
            if GDALDatasetTestCapability(dataset.raw, ODsCTransactions) != 0 {
                _ = messages.during { GDALDatasetCommitTransaction(dataset.raw) }
            }
            messages.during { GDALFlushCache(dataset.raw) }
            dataset.close(reportingTo: messages)
        }
        self.dataset = nil
        // Drivers do not tell everything (`TrackedFiles`).
        let reason = Self.takeReason(in: staged.hidden)
        guard reason == nil, messages.failures.isEmpty, FileStatus.exists(staged.stagingPath) else {
            let error = failure("finish", reason)  // before removing, which makes room again
            staged.remove()
            throw error
        }
        isFinished = true
    }

    /// Finishes the file, if that was not done, and gives it its name; its bytes are on the disk then.
    ///
    /// - Throws: as `finish()`, and `.outputExists`. The file is gone then.
    package func commit() throws(RasterError) {
        try finish()
        defer { discard() }
        try RasterError.ofFile { () throws(FileError) in try staged.publish() }
    }

    /// The output under way, for a caller that gives several outputs their names together (`Publication`).
    package var stagedOutput: any StagedOutput { staged }

    /// Removes the unfinished output. Does nothing after `commit()`.
    package func discard() {
        OGR_F_Destroy(feature)
        feature = nil
        geometry.removeAll()
        if let dataset {
            self.dataset = nil
            let rest = GDALMessages(keepsWarnings: true)
            _ = rest.during { GDALDatasetRollbackTransaction(dataset.raw) }
            dataset.close(reportingTo: rest)
            staged.remove()
        } else if isFinished {
            staged.remove()
        }
        _ = TrackedFiles.takeFailure(in: staged.hidden)
        isFinished = false
    }

    /// Returns the current feature, or nil if the file is closed and its definition is gone.
    private func makeFeature() -> OGRFeatureH? {
        if feature == nil, dataset != nil { feature = OGR_F_Create(definition) }
        return feature
    }

    private static func create(
        _ path: String, _ format: VectorFormat, _ options: Options
    ) -> (DatasetHandle, OGRLayerH)? {
        guard let driver = GDALGetDriverByName(format.driverName),
            let raw = GDALCreate(driver, path, 0, 0, 0, GDT_Unknown, nil)
        else { return nil }
        let dataset = DatasetHandle(owning: raw)
        let type = options.isMultiPolygon ? wkbMultiPolygon : wkbPolygon
        let name = String(path.split(separator: "/").last ?? "").split(separator: ".").dropLast().joined(separator: ".")
        let items = CStringList(options.layerItems(format))
        func make(_ system: OGRSpatialReferenceH?) -> OGRLayerH? {
            items.withUnsafe { GDALDatasetCreateLayer(raw, name, system, type, $0) }
        }
        let layer = options.crs.map { $0.withUnsafeRepeatableHandle(make) } ?? make(nil)
        guard let layer, options.fields.allSatisfy({ $0.add(to: layer, format) }) else { return nil }
        // A layer of the table's own name has none.
        if format == .geoPackage, let style = options.style, name.lowercased() != LayerStyles.table {
            guard LayerStyles.add(style, of: layer, to: raw) else { return nil }
        }
        if GDALDatasetTestCapability(raw, ODsCTransactions) != 0 { GDALDatasetStartTransaction(raw, 0) }
        return (dataset, layer)
    }

    private static func withSettings<R>(_ body: () -> R) -> R {
        let previous = settings.map { CPLGetThreadLocalConfigOption($0.0, nil).map { String(cString: $0) } }
        for (key, value) in settings { CPLSetThreadLocalConfigOption(key, value) }
        defer {
            for (setting, value) in zip(settings, previous) { CPLSetThreadLocalConfigOption(setting.0, value) }
        }
        return body()
    }

    /// Makes the error about a failure.
    ///
    /// - Parameter reason: the reason from SQLite or the system; nil for the system's, and else GDAL's messages.
    private func failure(_ what: String, _ reason: String?) -> RasterError {
        let known = reason.flatMap { $0.isEmpty ? nil : $0 } ?? Self.takeReason(in: staged.hidden)
        return .failed(to: what, staged, messages, reason: known)
    }

    /// Returns what the system said about the files of a folder that GDAL writes, and may have kept to itself.
    private static func takeReason(in folder: String) -> String? {
        TrackedFiles.takeFailure(in: folder).map { String(cString: strerror($0)) }
    }
}
