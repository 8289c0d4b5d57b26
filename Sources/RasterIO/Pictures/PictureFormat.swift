import CGDAL
import TileGeometry

/// The files that a picture is written as.
package enum PictureFormat: String, CaseIterable, Sendable {
    case png
    case jpeg
    case webp

    /// Tells the format by the ending of a file's name; nil for other endings.
    package init?(path: String) {
        let name = path.split(separator: "/").last ?? ""
        guard let dot = name.lastIndex(of: ".") else { return nil }
        switch name[name.index(after: dot)...].lowercased() {
        case "png": self = .png
        case "jpg", "jpeg": self = .jpeg
        case "webp": self = .webp
        default: return nil
        }
    }

    /// The media type, as the web calls it.
    package var mediaType: String { "image/\(rawValue)" }

    /// True if pixels may be transparent.
    package var hasAlpha: Bool { self != .jpeg }

    /// GDAL's driver.
    var driverName: String { rawValue.uppercased() }

    /// GDAL's creation options.
    func creationOptions(quality: Int) -> [String] {
        switch self {
        case .png: ["ZLEVEL=6"]
        case .jpeg: ["QUALITY=\(quality)", "PROGRESSIVE=ON"]
        case .webp: ["QUALITY=\(quality)"]
        }
    }
}

extension Picture {
    /// Returns the picture as the bytes of a file. JPEG has no transparency: there, it lies on white.
    ///
    /// - Parameter quality: 1 to 100, for the formats that lose something.
    /// - Throws: `.unsupported` where GDAL was built without the format; `.writeFailed`.
    package func encoded(as format: PictureFormat, quality: Int = 85) throws(RasterError) -> [UInt8] {
        let name = "/vsimem/overtile-\(UInt64.random(in: 0...UInt64.max)).\(format.rawValue)"
        let messages = GDALMessages()
        guard let driver = messages.during({ GDALGetDriverByName(format.driverName) }) else {
            throw RasterError(
                .unsupported, path: "", "this GDAL was built without \(format.driverName); choose another format")
        }
        let source = try inMemory(isOpaque ? 3 : format.hasAlpha ? 4 : 3, messages)
        defer { VSIUnlink(name) }
        let copy = messages.during {
            CStringList(format.creationOptions(quality: quality)).withUnsafe {
                GDALCreateCopy(driver, name, source.raw, 0, $0, nil, nil)
            }
        }
        guard let copy else { throw Self.failure(format, messages) }
        DatasetHandle(owning: copy).close(reportingTo: messages)
        var length: vsi_l_offset = 0
        guard messages.failures.isEmpty, let bytes = VSIGetMemFileBuffer(name, &length, 0) else {
            throw Self.failure(format, messages)
        }
        return Array(UnsafeBufferPointer(start: bytes, count: Int(length)))
    }

    /// The picture as a dataset of GDAL's: red, green, blue and, of four bands, alpha.
    private func inMemory(_ bandCount: Int, _ messages: GDALMessages) throws(RasterError) -> DatasetHandle {
        let flat = bandCount == 3 && !isOpaque ? flattened(on: .init(red: 255, green: 255, blue: 255)) : self
        let (width, height) = (Int32(size.width), Int32(size.height))
        let created = messages.during {
            GDALCreate(GDALGetDriverByName("MEM"), "", width, height, Int32(bandCount), GDT_Byte, nil)
        }
        guard let created else { throw Self.failure(.png, messages) }
        let dataset = DatasetHandle(owning: created)
        var pixels = flat.bytes
        let status = messages.during {
            let interpretations = [GCI_RedBand, GCI_GreenBand, GCI_BlueBand, GCI_AlphaBand]
            for number in 1...bandCount {
                GDALSetRasterColorInterpretation(dataset.band(number), interpretations[number - 1])
            }
            var numbers = (1...bandCount).map(Int32.init)
            return GDALDatasetRasterIOEx(
                created, GF_Write, 0, 0, width, height, &pixels, width, height, GDT_Byte, Int32(bandCount), &numbers, 4,
                GSpacing(4 * size.width), 1, nil)
        }
        guard status == CE_None else { throw Self.failure(.png, messages) }
        return dataset
    }

    private static func failure(_ format: PictureFormat, _ messages: GDALMessages) -> RasterError {
        let reason = messages.reason(about: "", otherwise: "GDAL gave no reason")
        return RasterError(.writeFailed, path: "", "cannot make a \(format.driverName) picture: \(reason)")
    }
}
