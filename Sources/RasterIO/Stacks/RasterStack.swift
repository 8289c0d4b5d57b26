import CGDAL
import FileIO
import TileGeometry

/// Several rasters that are read as the bands of one, where they lie: no pixel is copied.
///
/// A stack is named by its files, with commas between them: `B04.tif,B03.tif,B02.tif`. Satellite products are stacks too
/// (see `SceneProduct`). GDAL's virtual rasters do the reading (https://gdal.org/en/stable/drivers/raster/vrt.html).
struct RasterStack {
    /// One raster of a stack, with what is known of it from elsewhere.
    struct Layer: Equatable {
        var path: String
        /// What the band is called; nil for the file's own word, or its name.
        var name: String?
        /// What stored values mean, v * scale + offset; nil for what the file says.
        var scale: Double?
        var offset: Double?
        /// The value that stands for no data; nil for what the file says.
        var nodata: Double?
    }

    /// The name of the whole.
    let path: String
    /// At least one.
    let layers: [Layer]
    private let access: RasterAccess
    /// Files beside the layers that say what they are.
    let documents: [String]

    /// Takes a path for a stack or a product, if it is one.
    ///
    /// - Returns: nil for a path of anything else, which GDAL may open as it is.
    /// - Throws: `.noSuchFile` for a band that is not there.
    init?(path: String, access: RasterAccess, options: StackOptions) throws(RasterError) {
        self.access = access
        if let product = try SceneProduct(path: path) {
            self.path = path
            layers = try product.layers(named: options.bands)
            documents = product.documents
            return
        }
        guard let members = Self.members(of: path) else { return nil }
        self.path = path
        layers = members.map { Layer(path: $0) }
        documents = []
    }

    /// The files that a path names, or nil if it names one thing. A file whose own name has a comma is one thing.
    static func members(of path: String) -> [String]? {
        guard path.contains(","), !path.hasPrefix("<"), FileStatus(path: path) == nil else { return nil }
        let parts = path.split(separator: ",", omittingEmptySubsequences: false).map { part in
            String(part.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
        }
        guard parts.allSatisfy({ !$0.isEmpty }) else { return nil }
        // GDAL's own paths may have commas as well: a stack begins with a file, or all of it are such paths.
        let isStack = FileStatus(path: parts[0]) != nil || parts.allSatisfy { $0.hasPrefix("/vsi") }
        return isStack ? parts : nil
    }

    /// A document that GDAL opens as one raster, and where that lies.
    struct Document {
        let text: String
        let reference: SpatialReference
        /// The local files that say what the layers are.
        let files: [String]

        /// Opens the document.
        ///
        /// - Parameter path: the stack's name, for messages.
        func open(as path: String) throws(RasterError) -> DatasetHandle {
            let messages = GDALMessages()
            let flags = UInt32(GDAL_OF_RASTER | GDAL_OF_READONLY | GDAL_OF_VERBOSE_ERROR)
            let handle = messages.during {
                CStringList(["VRT"]).withUnsafeConstant { GDALOpenEx(text, flags, $0, nil, nil) }
            }
            guard let handle else {
                let reason = messages.reason(about: path, otherwise: "GDAL gave no reason")
                throw RasterError(.notARaster, path: path, "cannot take \(path) for one scene: \(reason)")
            }
            let dataset = DatasetHandle(owning: handle)
            _ = messages.during { reference.apply(to: dataset.raw) }
            return dataset
        }
    }

    /// Makes the document that GDAL opens as one raster.
    ///
    /// - Parameter resolution: the pixels that the bands are laid on.
    /// - Throws: as `RasterReader.init` for each layer; `.unsupported` where they do not lie on each other.
    func document(resolution: StackResolution) throws(RasterError) -> Document {
        var rasters: [RasterReader] = []
        for layer in layers { rasters.append(try RasterReader(path: layer.path, access: access)) }
        let grid = try StackGrid(rasters, resolution: resolution, of: path)
        var bands: [String] = []
        for (layer, raster) in zip(layers, rasters) {
            let place = try grid.place(of: raster)
            for band in raster.bands where !band.isAlpha || raster.bands.count == 1 {
                bands.append(xml(band, of: raster, layer, at: place, number: bands.count + 1))
            }
        }
        let text =
            "<VRTDataset rasterXSize=\"\(grid.size.width)\" rasterYSize=\"\(grid.size.height)\">" + bands.joined()
            + "</VRTDataset>"
        return Document(text: text, reference: grid.reference, files: documents)
    }

    private func xml(
        _ band: RasterBand, of raster: RasterReader, _ layer: Layer, at place: StackGrid.Place, number: Int
    ) -> String {
        let isOnly = raster.bands.count(where: { !$0.isAlpha }) <= 1
        let name = layer.name ?? band.name ?? (isOnly ? FileName.stem(of: layer.path) : nil)
        let nodata = layer.nodata ?? band.nodata
        var text =
            "<VRTRasterBand dataType=\"\(band.hidesSign ? "Byte" : band.sampleType.rawValue)\" band=\"\(number)\">"
        if band.hidesSign {
            text += "<Metadata domain=\"IMAGE_STRUCTURE\"><MDI key=\"PIXELTYPE\">SIGNEDBYTE</MDI></Metadata>"
        }
        if let name { text += "<Description>\(XMLText.escaped(name))</Description>" }
        if let nodata { text += "<NoDataValue>\(nodata)</NoDataValue>" }
        if let offset = layer.offset ?? band.offset { text += "<Offset>\(offset)</Offset>" }
        if let scale = layer.scale ?? band.scale { text += "<Scale>\(scale)</Scale>" }
        // What the file does not say itself must be known before its pixels are averaged or interpolated.
        let isWrapped = place.resampling != nil && layer.nodata != nil && band.nodata == nil
        text += place.source(
            isWrapped ? wrapped(band, of: raster, nodata: nodata) : layer.path, band: isWrapped ? "1" : "\(band.number)"
        )
        let isMasked = raster.masks[band.number - 1].kind != .none || raster.alphaBand.map { $0 != band.number } == true
        if isMasked {
            let number = isWrapped ? 1 : band.number
            text +=
                "<MaskBand><VRTRasterBand dataType=\"Byte\">"
                + place.source(layer.path, band: "mask,\(number)", isMask: true) + "</VRTRasterBand></MaskBand>"
        }
        return text + "</VRTRasterBand>"
    }

    /// A virtual raster of one band with a nodata value of its own, which stands where the name of a file would.
    private func wrapped(_ band: RasterBand, of raster: RasterReader, nodata: Double?) -> String {
        let size = raster.size
        let place = StackGrid.Place(source: size, x: 0, y: 0, width: Double(size.width), height: Double(size.height))
        return "<VRTDataset rasterXSize=\"\(size.width)\" rasterYSize=\"\(size.height)\">"
            + "<VRTRasterBand dataType=\"\(band.sampleType.rawValue)\" band=\"1\">"
            + (nodata.map { "<NoDataValue>\($0)</NoDataValue>" } ?? "")
            + place.source(raster.path, band: "\(band.number)") + "</VRTRasterBand></VRTDataset>"
    }
}

/// What may be chosen where a scene is made of several files.
package struct StackOptions: Equatable, Sendable {
    /// The pixels that all bands are laid on.
    package var resolution = StackResolution.first
    /// What each of a product's bands that are wanted may be called, in their order; empty for all bands.
    package var bands: [[String]] = []

    /// Makes a choice of all bands on the pixels of the first.
    package init() {}
}

/// The pixels that the bands of a stack are laid on.
public enum StackResolution: Hashable, Sendable {
    /// Those of the first band.
    case first
    /// The smallest of all bands.
    case finest
    /// The largest of all bands.
    case coarsest
    /// Squares of so many units of the coordinate system, such as metres.
    case size(Double)
}

/// What the outputs of a scene are called after.
package enum SceneName {
    /// Returns the name of a scene without its extension: that of the file, of the first file of a stack, or of a product's
    /// folder or archive.
    package static func stem(of scene: String) -> String {
        FileName.stem(of: RasterStack.members(of: scene)?.first ?? scene)
    }
}

enum XMLText {
    /// Returns text that stands for itself between tags.
    static func escaped(_ text: String) -> String {
        var result = ""
        for character in text.unicodeScalars {
            switch character {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            default: result.unicodeScalars.append(character)
            }
        }
        return result
    }
}
