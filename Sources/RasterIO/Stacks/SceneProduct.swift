import CGDAL
import FileIO

/// A satellite product as its agency delivers it: a folder or an archive with a file for each band.
///
/// Known are Sentinel-2's SAFE format, levels 1C and 2A (Sentinel-2 Products Specification Document, S2-PDGS-TAS-DI-PSD),
/// and Landsat's Collection 2 (LSDS-1619, Landsat Data Format Control Book).
package struct SceneProduct {
    /// The files beside the bands that tell what their values mean, local ones only.
    let documents: [String]
    private let path: String
    /// The bands by name, sorted: first the finest, and of each size in the order of their names.
    private let bands: [Band]

    private struct Band {
        var layer: RasterStack.Layer
        var name: String
        /// The metres of a pixel; nil where the file's name does not say.
        var metres: Int?
    }

    /// Files of a product that are looked at, at most. A product has some hundred.
    private static let mostFiles = 5_000

    /// Returns true if a folder or a file of this name is taken for a product, without being looked into.
    package static func isName(_ name: String, isFolder: Bool) -> Bool {
        let name = name.uppercased()
        if isFolder && name.hasSuffix(".SAFE") { return true }
        guard isFolder || isArchive(name) else { return false }
        if name.hasPrefix("S2") { return name.dropFirst(3).hasPrefix("_MSIL") && !isFolder }
        // LC08_L2SP_…: sensor and satellite, then the level.
        let parts = name.split(separator: "_")
        return parts.count >= 6 && parts[0].count == 4 && ["LC", "LE", "LT", "LO", "LM"].contains(parts[0].prefix(2))
            && parts[1].hasPrefix("L")
    }

    private static func isArchive(_ name: String) -> Bool {
        ["zip", "tar"].contains(FileName.pathExtension(of: name))
    }

    /// Looks into a folder or an archive.
    ///
    /// - Returns: nil for what is no product.
    init?(path: String) throws(RasterError) {
        let isFolder = FileStatus(path: path)?.kind == .folder
        guard isFolder || Self.isName(FileName.last(of: path), isFolder: false) else { return nil }
        let root =
            isFolder ? path : FileName.pathExtension(of: path) == "zip" ? "/vsizip/\(path)" : "/vsitar/\(path)"
        let files = Self.files(under: root)
        var bands: [String: Band] = [:]
        for file in files {
            guard let found = Self.sentinelBand(file) ?? Self.landsatBand(file) else { continue }
            if let other = bands[found.name], (other.metres ?? 0) <= (found.metres ?? 0) { continue }
            bands[found.name] = Band(
                layer: RasterStack.Layer(path: FileName.joined(root, file), name: found.name, nodata: found.nodata),
                name: found.name, metres: found.metres)
        }
        guard !bands.isEmpty else { return nil }
        let documents = files.filter(Self.isDocument).map { FileName.joined(root, $0) }
        for document in documents {
            guard let text = Self.text(of: document) else { continue }
            let scales = document.hasSuffix(".xml") ? Self.sentinelScales(text) : Self.landsatScales(text)
            for (name, scale) in scales {
                bands[name]?.layer.scale = scale.scale
                bands[name]?.layer.offset = scale.offset
            }
        }
        self.path = path
        self.documents = isFolder ? documents : [path]
        self.bands = bands.values.sorted { ($0.metres ?? 0, $0.name) < ($1.metres ?? 0, $1.name) }
    }

    /// The bands with these names, in their order; all where none is named.
    ///
    /// - Throws: `.badArgument` where a band is not there, with a list of those that are.
    func layers(named names: [[String]]) throws(RasterError) -> [RasterStack.Layer] {
        if names.isEmpty { return bands.map(\.layer) }
        var found: [RasterStack.Layer] = []
        for names in names {
            let plain = names.map(Self.plain)
            let named = bands.first { plain.contains(Self.plain($0.name)) }
            guard let band = named ?? names.lazy.compactMap(colored).first else {
                throw RasterError(
                    .badArgument, path: path,
                    "\(path) has no band \(names.first ?? ""): it has \(bands.map(\.name).joined(separator: ", "))")
            }
            if !found.contains(band.layer) { found.append(band.layer) }
        }
        return found
    }

    /// "B4" is "B04".
    private static func plain(_ name: String) -> String {
        let name = name.uppercased()
        return name.hasPrefix("B") ? "B" + name.dropFirst().drop { $0 == "0" } : name
    }

    /// The band that a colour stands for; both missions' bands are known by their number.
    private func colored(_ color: String) -> Band? {
        let isLandsat = bands.contains { $0.metres == nil }
        let isOld = isLandsat && ["LE", "LT"].contains { FileName.last(of: path).uppercased().hasPrefix($0) }
        let names: [String: String] =
            isOld
            ? ["blue": "B1", "green": "B2", "red": "B3", "nir": "B4"]
            : ["blue": "B2", "green": "B3", "red": "B4", "nir": isLandsat ? "B5" : "B8"]
        guard let name = names[color.lowercased()] else { return nil }
        return bands.first { Self.plain($0.name) == name }
    }

    // MARK: Files

    private static func files(under root: String) -> [String] {
        GDALMessages().during {
            guard let directory = VSIOpenDir(root, 6, nil) else { return [] }
            defer { VSICloseDir(directory) }
            var names: [String] = []
            while names.count < mostFiles, let entry = VSIGetNextDirEntry(directory) {
                if let name = entry.pointee.pszName { names.append(String(cString: name)) }
            }
            return names.sorted()
        }
    }

    private static func text(of path: String) -> String? {
        GDALMessages().during {
            guard let file = VSIFOpenL(path, "rb") else { return nil }
            defer { VSIFCloseL(file) }
            // A product's metadata has some hundred kilobytes.
            var bytes = [UInt8](repeating: 0, count: 4 << 20)
            let count = VSIFReadL(&bytes, 1, bytes.count, file)
            return String(decoding: bytes.prefix(Int(count)), as: UTF8.self)
        }
    }

    private static func isDocument(_ file: String) -> Bool {
        let name = FileName.last(of: file)
        return name.hasPrefix("MTD_MSI") && name.hasSuffix(".xml") || name.hasSuffix("_MTL.txt")
    }

    // MARK: Sentinel-2

    /// `…/IMG_DATA/R10m/T33UUP_20220101T101411_B04_10m.jp2`, or without the size in level 1C.
    private static func sentinelBand(_ file: String) -> (name: String, metres: Int?, nodata: Double?)? {
        guard file.contains("IMG_DATA/"), FileName.pathExtension(of: file) == "jp2" else { return nil }
        let parts = FileName.stem(of: file).split(separator: "_")
        guard let last = parts.last else { return nil }
        let metres = last.hasSuffix("m") ? Int(last.dropLast()) : nil
        guard let name = metres == nil ? last : parts.dropLast().last else { return nil }
        guard let native = sentinelMetres[String(name)] else { return nil }
        return (String(name), metres ?? native, 0)
    }

    /// The bands in the order of their `band_id`, with the metres of a pixel (SPD, table 3-1).
    private static let sentinelBands = [
        ("B01", 60), ("B02", 10), ("B03", 10), ("B04", 10), ("B05", 20), ("B06", 20), ("B07", 20), ("B08", 10),
        ("B8A", 20), ("B09", 60), ("B10", 60), ("B11", 20), ("B12", 20),
    ]
    private static let sentinelMetres = Dictionary(uniqueKeysWithValues: sentinelBands)

    private static func sentinelScales(_ text: String) -> [String: (scale: Double, offset: Double)] {
        let quantification = text.firstMatch(of: /<(?:BOA_)?QUANTIFICATION_VALUE[^>]*>\s*([0-9.]+)\s*</)
        guard let divisor = quantification.flatMap({ Double($0.1) }), divisor > 0 else { return [:] }
        var offsets: [Int: Double] = [:]
        for match in text.matches(of: /<(?:BOA|RADIO)_ADD_OFFSET\s+band_id="([0-9]+)"\s*>\s*(-?[0-9.]+)\s*</) {
            if let band = Int(match.1), let offset = Double(match.2) { offsets[band] = offset }
        }
        return Dictionary(
            uniqueKeysWithValues: sentinelBands.enumerated().map { index, band in
                (band.0, (1 / divisor, (offsets[index] ?? 0) / divisor))
            })
    }

    // MARK: Landsat

    /// `LC08_L2SP_193024_20220710_20220721_02_T1_SR_B4.TIF`, or without `SR` in level 1.
    private static func landsatBand(_ file: String) -> (name: String, metres: Int?, nodata: Double?)? {
        let name = FileName.last(of: file)
        guard FileName.pathExtension(of: name) == "tif", name.uppercased().hasPrefix("L") else { return nil }
        guard let band = FileName.stem(of: name).split(separator: "_").last, band.hasPrefix("B"),
            Int(band.dropFirst()) != nil
        else { return nil }
        return (String(band), nil, 0)
    }

    /// `REFLECTANCE_MULT_BAND_4 = 2.75e-05`. Where a file has the parameters of both levels, those of its own come first.
    private static func landsatScales(_ text: String) -> [String: (scale: Double, offset: Double)] {
        var factors: [String: Double] = [:]
        var summands: [String: Double] = [:]
        for match in text.matches(of: /REFLECTANCE_(MULT|ADD)_BAND_([0-9]+)\s*=\s*(-?[0-9.]+(?:[eE][-+]?[0-9]+)?)/) {
            guard let value = Double(match.3) else { continue }
            let band = "B\(match.2)"
            if match.1 == "MULT" { factors[band] = factors[band] ?? value }
            if match.1 == "ADD" { summands[band] = summands[band] ?? value }
        }
        return factors.reduce(into: [:]) { result, factor in
            result[factor.key] = (factor.value, summands[factor.key] ?? 0)
        }
    }
}
