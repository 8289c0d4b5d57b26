import FileIO
import Foundation
package import RasterIO
import TileGeometry

/// The run that work in progress belongs to: another goes on with it only if all of this is the same.
///
/// Readable JSON, so that a person can tell why it is not. Left out is what only the finished files show and not the
/// samples: names of classes, GeoTIFF creation options.
struct WorkKey: Codable, Equatable {
    /// The version of this key, of the journal and of the raw rasters.
    static let currentFormat = 3

    var format = WorkKey.currentFormat
    var version = OvertileVersion.current
    let scene: SceneIdentity
    let settings: SettingsDigest
    let plan: Plan
    /// The names of the kernels that run: others give other last digits.
    var kernels: String
    let outputs: [Output]
    /// The part of a divided run; nil for the whole.
    var part: Part?

    /// A part, and the rows of tiles that it has.
    struct Part: Codable, Equatable {
        let number: Int
        let count: Int
        let firstRow: Int
        let rows: Int

        init(_ part: ScenePart, rows: Range<Int>) {
            (number, count) = (part.number, part.count)
            (firstRow, self.rows) = (rows.lowerBound, rows.count)
        }
    }

    struct Plan: Codable, Equatable {
        let width: Int
        let height: Int
        let tile: Int
        let margin: Int
        let step: Int
        let unit: Int
        /// The first column and row, width and height of the part that is wanted; nil for the whole scene.
        let selection: [Int]?

        /// The rows of tiles; nil where no grid can have these numbers.
        var tileRows: Int? {
            let (top, height) = selection.map { $0.count == 4 ? ($0[1], $0[3]) : (0, 0) } ?? (0, height)
            guard step > 0, top >= 0, height > 0, top <= Int32.max, height <= Int32.max, step <= Int32.max else {
                return nil
            }
            return (top + height + step - 1) / step - top / step
        }

        init(_ grid: TileGrid) {
            (width, height) = (grid.scene.width, grid.scene.height)
            (tile, margin, step, unit) = (grid.tile, grid.margin, grid.step, grid.unit)
            let part = grid.selection
            selection = part == PixelWindow(grid.scene) ? nil : [part.x, part.y, part.width, part.height]
        }
    }

    struct Output: Codable, Equatable {
        let kind: RasterOutput.Kind
        let width: Int
        let height: Int
        let block: Int
        let bands: Int
        let sampleType: String

        init(_ output: RasterOutput) {
            kind = output.kind
            (width, height) = (output.options.size.width, output.options.size.height)
            block = output.options.blockSize.width
            (bands, sampleType) = (output.options.bandCount, output.options.sampleType.rawValue)
        }
    }

    /// Returns in words what differs from another key; empty where nothing does.
    ///
    /// - Parameter otherPart: true if the other is to be of another part of the same run.
    func differences(from other: WorkKey, otherPart: Bool = false) -> [String] {
        var found: [String] = []
        if format != other.format || version != other.version { found.append("Overtile's version") }
        if scene != other.scene { found.append("the scene") }
        if settings.model != other.settings.model { found.append("the model") }
        if settings.options != other.settings.options { found.append("the options") }
        // Parts of other rows have other sizes.
        let areOthers = part == other.part ? outputs != other.outputs : outputs.map(\.kind) != other.outputs.map(\.kind)
        if areOthers { found.append("the outputs") }
        if kernels != other.kernels { found.append("the processor's kernels") }
        // What follows from the others says nothing new.
        if found.isEmpty, plan != other.plan || (part != other.part && !otherPart) {
            let tiles = plan.tile == other.plan.tile ? "" : " (\(other.plan.tile) pixels before, \(plan.tile) here)"
            found.append("the plan of tiles" + tiles)
        }
        return found
    }
}

/// Work in progress as it lies in a folder, which another process may be writing.
struct StoredWork {
    /// The run that it belongs to.
    let key: WorkKey

    private let folder: String
    /// Ties the journal to the key.
    private let hash: UInt64

    /// Reads the key in a folder; nil where there is none, or none of this version's.
    init?(folder: String) {
        guard let data = WorkFolder.read(folder + "/" + WorkFolder.keyName) else { return nil }
        self.init(key: data, folder: folder)
    }

    /// - Parameter data: the bytes of the key.
    init?(key data: Data, folder: String) {
        guard let key = try? StoredJSON.decode(WorkKey.self, from: data) else { return nil }
        (self.key, self.folder, hash) = (key, folder, WorkInProgress.hash(data))
    }

    /// The journal, to be read alone; nil where it cannot be opened.
    var journal: WorkJournal? { WorkJournal(reading: folder + "/" + WorkInProgress.journalName, key: hash) }
}

/// A scene with the state of its files. Two identities are equal only if nothing that the scene is made of has changed in
/// between, as far as sizes and times tell.
package struct SceneIdentity: Codable, Hashable, Sendable {
    /// All files that the scene is made of, its own first: a mosaic's sources and all sidecars. What GDAL finds under a
    /// path of its own (`/vsi…`) counts as a file. Empty for a scene that is no file at all, such as a database.
    package let files: [SourceFile]
    /// The width of the scene in pixels.
    package let width: Int
    /// The height of the scene in pixels.
    package let height: Int
    /// The number of the scene's bands.
    package let bands: Int
    /// The path that the scene was opened under, by which it is known where there are no files.
    private let path: String

    /// Takes the state that the files of a scene have now.
    ///
    /// - Parameter scene: the scene, opened just before, so that it is what its files are now.
    package init(of scene: RasterReader) {
        let paths = scene.files.isEmpty ? [scene.path] : scene.files
        files = paths.compactMap { SourceFile(path: $0) }
        (width, height, bands) = (scene.size.width, scene.size.height, scene.bands.count)
        path = files.first?.path ?? scene.path
    }

    /// Refuses a scene that was written to since: what was made of it is of two scenes.
    ///
    /// - Parameter scene: its name.
    /// - Throws: `SegmentationError` (`.changed`).
    package func requireUnchanged(_ scene: String) throws(SegmentationError) {
        // What is no file has no state that could be looked at.
        guard !files.isEmpty, !isUnchanged else { return }
        throw SegmentationError(
            .changed, "\(scene) changed while it was segmented: run it again when it is complete")
    }

    /// True if all files are what they were, which is told without opening any of them. A sidecar that has appeared since
    /// is not seen: only opening the scene shows whether it counts.
    package var isUnchanged: Bool {
        !files.isEmpty && files.allSatisfy { SourceFile(path: $0.path) == $0 }
    }
}
