package import FileIO
import Foundation
package import RasterIO
import TileGeometry

/// A STAC item about one output: where it lies, what its values mean, and how it was made.
///
/// Everything is read from the finished output, whose metadata say what made it. Only the time comes from the scene.
/// Sources: STAC 1.1.0, item-spec and common metadata; extensions projection 2.0.0, classification 2.0.0, processing
/// 1.2.0 and raster 2.0.0.
package struct STACItem {
    private let raster: RasterReader
    /// The name that the output has, or will have when it is published.
    private let path: String
    private let format: RasterFormat
    private let footprint: Footprint?
    private let time: AcquisitionTime

    private typealias Object = [String: STACValue]

    /// Reads what an output says of itself.
    ///
    /// - Parameters:
    ///   - output: a finished GeoTIFF.
    ///   - name: the path that the output will have, if it is still hidden under another one.
    ///   - time: the acquisition time of the scene.
    /// - Throws: `RasterError` if the output cannot be read.
    package init(of output: String, named name: String? = nil, time: AcquisitionTime) throws(RasterError) {
        raster = try RasterReader(path: output)
        path = name ?? output
        footprint = try raster.footprint()
        format = raster.metadata(inDomain: "IMAGE_STRUCTURE")["LAYOUT"] == "COG" ? .cloudOptimized : .geoTIFF
        self.time = time
    }

    /// Returns the path of an output's item: beside the output, under its name with the ending `.json`.
    package static func path(besideRaster path: String) -> String { FileName.replacingExtension(of: path, by: "json") }

    /// Lines for the user: an item without geometry, or without the scene's own time.
    package var warnings: [String] {
        var warnings: [String] = []
        if footprint == nil {
            warnings.append(
                "the item of \(path) has no geometry: the output says not where it lies, or has no data")
        }
        if !time.isKnown {
            warnings.append(
                "the scene does not say when it was taken: its items have the time of the scene's file")
        }
        return warnings
    }

    /// The item as JSON, with keys in alphabetical order.
    package var text: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        // The values are plain ones, and none fails to be encoded.
        let data = (try? encoder.encode(STACValue.object(item))) ?? Data()
        return String(decoding: data, as: UTF8.self) + "\n"
    }

    /// Writes the item beside its output.
    ///
    /// - Throws: `FileError`, after which no file is left.
    package func write(overwrite: Bool) throws(FileError) {
        try StagedDocument.write(Array(text.utf8), to: Self.path(besideRaster: path), overwrite: overwrite)
    }

    private var item: Object {
        var item: Object = [
            "type": "Feature",
            "stac_version": "1.1.0",
            "stac_extensions": .list(
                extensions.map { .text("https://stac-extensions.github.io/\($0)/schema.json") }),
            "id": .text(FileName.stem(of: path)),
            "geometry": footprint.map(geometry) ?? .null,
            "properties": .object(timeProperties.merging(projection) { $1 }.merging(processing) { $1 }),
            "links": .list([]),
            "assets": .object(["data": .object(asset)]),
        ]
        item["bbox"] = footprint.map { .numbers($0.boundingBox) }
        return item
    }

    private var extensions: [String] {
        var extensions = ["projection/v2.0.0", "processing/v1.2.0"]
        if !raster.legend(ofBand: 1).isEmpty { extensions.append("classification/v2.0.0") }
        if raster.bands.contains(where: Self.isScaled) { extensions.append("raster/v2.0.0") }
        return extensions
    }

    private func geometry(_ footprint: Footprint) -> STACValue {
        let polygons = footprint.rings.map { ring in
            STACValue.list([.list(ring.map { .numbers([$0.longitude, $0.latitude]) })])
        }
        return polygons.count == 1
            ? .object(["type": "Polygon", "coordinates": polygons[0]])
            : .object(["type": "MultiPolygon", "coordinates": .list(polygons)])
    }

    private var timeProperties: Object {
        var properties: Object = ["overtile:datetime_source": .text(time.source)]
        if time.start == time.end {
            properties["datetime"] = .text(Self.text(time.start))
        } else {
            properties["datetime"] = .null
            properties["start_datetime"] = .text(Self.text(time.start))
            properties["end_datetime"] = .text(Self.text(time.end))
        }
        return properties
    }

    /// Returns a date as RFC 3339, as STAC asks for, with milliseconds if it has any.
    private static func text(_ date: Date) -> String {
        let isWhole = date.timeIntervalSince1970.rounded() == date.timeIntervalSince1970
        return date.formatted(
            Date.ISO8601FormatStyle(includingFractionalSeconds: !isWhole, timeZone: TimeZone(secondsFromGMT: 0)!))
    }

    private var projection: Object {
        let reference = raster.spatialReference
        let system = reference.crs ?? reference.groundControlPointCRS
        var properties: Object = [
            "proj:code": system?.identifier.map { .text($0) } ?? .null,
            "proj:shape": .list([.integer(raster.size.height), .integer(raster.size.width)]),
        ]
        properties["proj:wkt2"] = system.map { .text($0.wkt2015) }
        if let transform = reference.geoTransform {
            properties["proj:transform"] = .numbers([
                transform.columnX, transform.rowX, transform.originX, transform.columnY, transform.rowY,
                transform.originY,
            ])
            let (width, height) = (Double(raster.size.width), Double(raster.size.height))
            let corners = [(0, 0), (width, 0), (0, height), (width, height)].map(transform.coordinates)
            let (x, y) = (corners.map(\.x), corners.map(\.y))
            properties["proj:bbox"] = .numbers([x.min()!, y.min()!, x.max()!, y.max()!])
        }
        return properties
    }

    /// The processing extension: what the output's own metadata say of how it was made.
    private var processing: Object {
        let facts = raster.metadata.filter { $0.key.hasPrefix("OVERTILE_") }
        guard let version = facts["OVERTILE_VERSION"] else { return [:] }
        let settings = facts.map {
            (String($0.key.dropFirst("OVERTILE_".count)).lowercased(), STACValue.text($0.value))
        }
        var properties: Object = [
            "processing:software": .object(["Overtile": .text(version)]),
            "processing:expression": .object([
                "format": "overtile", "expression": .object(Dictionary(uniqueKeysWithValues: settings)),
            ]),
        ]
        if let model = facts["OVERTILE_MODEL"] {
            let sum = facts["OVERTILE_MODEL_SHA256"].map { " (SHA-256 \($0))" } ?? ""
            let scene = facts["OVERTILE_SCENE"].map { " from \($0)" } ?? ""
            properties["processing:lineage"] = .text("Segmented\(scene) by the model \(model)\(sum).")
        }
        return properties
    }

    private var asset: Object {
        let profile = format == .cloudOptimized ? "; profile=cloud-optimized" : ""
        let legend = raster.legend(ofBand: 1)
        return [
            "href": .text("./" + Self.percentEncoded(FileName.last(of: path))),
            "type": .text("image/tiff; application=geotiff\(profile)"),
            "title": .text(
                legend.isEmpty ? "Values of \(raster.bands.count) bands" : "Mask of \(legend.count) classes"),
            "roles": .list(["data"]),
            "bands": .list(raster.bands.map { .object(band($0, legend: $0.number == 1 ? legend : [])) }),
        ]
    }

    private func band(_ band: RasterBand, legend: [LegendEntry]) -> Object {
        var object: Object = [
            "name": .text(band.name ?? "band \(band.number)"),
            "data_type": .text(band.sampleType == .uint8 ? "uint8" : band.sampleType.rawValue.lowercased()),
        ]
        if let nodata = band.nodata { object["nodata"] = nodata.isNaN ? "nan" : .number(nodata) }
        if Self.isScaled(band) {
            object["raster:scale"] = .number(band.scale ?? 1)
            object["raster:offset"] = .number(band.offset ?? 0)
        }
        guard !legend.isEmpty else { return object }
        object["classification:classes"] = .list(
            legend.map { entry in
                var item: Object = [
                    "value": .integer(entry.value), "name": .text(Self.identifier(entry.name, value: entry.value)),
                    "title": .text(entry.name),
                ]
                item["color_hint"] = entry.color.map { .text(String($0.hexadecimal.dropFirst()).uppercased()) }
                return .object(item)
            })
        return object
    }

    /// Returns true if the band's values are scaled. GDAL may report a scale of 1 for bands without one.
    private static func isScaled(_ band: RasterBand) -> Bool { (band.scale ?? 1) != 1 || (band.offset ?? 0) != 0 }

    /// Returns a class name as the classification extension allows it: ASCII letters, digits, hyphens and underscores.
    private static func identifier(_ name: String, value: Int) -> String {
        let words = name.split { !($0.isASCII && ($0.isLetter || $0.isNumber)) && $0 != "_" && $0 != "-" }
        return words.isEmpty ? "class_\(value)" : words.joined(separator: "_")
    }

    /// Returns a file name escaped for a URI (RFC 3986, section 2.3).
    private static func percentEncoded(_ name: String) -> String {
        let unreserved = CharacterSet(
            charactersIn: "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~")
        return name.addingPercentEncoding(withAllowedCharacters: unreserved) ?? name
    }
}

/// A JSON value in a STAC item.
enum STACValue: Encodable, ExpressibleByStringLiteral {
    case null
    case text(String)
    case number(Double)
    case integer(Int)
    case list([STACValue])
    case object([String: STACValue])

    init(stringLiteral value: String) { self = .text(value) }

    static func numbers(_ values: [Double]) -> STACValue { .list(values.map { .number($0) }) }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .text(let value): try container.encode(value)
        // JSON has only finite numbers.
        case .number(let value): if value.isFinite { try container.encode(value) } else { try container.encodeNil() }
        case .integer(let value): try container.encode(value)
        case .list(let values): try container.encode(values)
        case .object(let members): try container.encode(members)
        }
    }
}
