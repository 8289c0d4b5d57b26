import CGDAL
import FileIO

/// What a mosaic (VRT), raster or vector, names: the files that GDAL opens in its place.
///
/// It is read with GDAL's own parser, so that nothing is seen there that is not seen here.
struct SourceDocument {
    /// A text that names what GDAL opens.
    struct Name {
        let text: String
        /// True if the samples are read from the file as they lie there, whatever it is.
        let isRaw: Bool
    }

    let names: [Name]

    /// Documents are texts; what is larger is none that anybody wrote.
    static let largestFile = 256 << 20
    /// GDAL looks for the document's beginning in so many bytes.
    private static let headByteCount = 1024

    private static let beginnings = ["<VRTDataset", "<OGRVRTDataSource", "<VRTWarpedDataset"]
    /// Elements and keys of metadata whose text GDAL opens, in small letters.
    private static let sources: Set = [
        "sourcefilename", "sourcedataset", "srcdatasource", "sourcefile", "x_dataset", "y_dataset", "overview_file",
    ]

    /// Reads a local regular file, or one in object storage; nil for one that is no such document.
    ///
    /// - Parameter isSidecar: true for a file that is read as a document whatever its beginning is.
    init?(path: String, isSidecar: Bool = false) {
        guard let size = Self.size(of: path), size <= Self.largestFile, isSidecar || Self.begins(path)
        else { return nil }
        var bytes: UnsafeMutablePointer<GByte>?
        let isRead = GDALMessages().during {
            VSIIngestFile(nil, path, &bytes, nil, GIntBig(Self.largestFile)) != 0
        }
        guard isRead, let bytes else { return nil }
        defer { VSIFree(bytes) }
        let tree = GDALMessages().during {
            UnsafeRawPointer(bytes).withMemoryRebound(to: CChar.self, capacity: 1) { CPLParseXMLString($0) }
        }
        guard let tree else { return nil }
        defer { CPLDestroyXMLNode(tree) }
        names = Self.names(in: tree)
    }

    private static func size(of path: String) -> Int? {
        if RemoteFile.isRemote(path) { return try? RemoteFile.size(of: path) }
        guard let status = FileStatus(path: path), status.kind == .file else { return nil }
        return status.size
    }

    private static func begins(_ path: String) -> Bool {
        guard let file = GDALMessages().during({ VSIFOpenL(path, "rb") }) else { return false }
        defer { VSIFCloseL(file) }
        var head = [UInt8](repeating: 0, count: headByteCount)
        let count = VSIFReadL(&head, 1, head.count, file)
        let text = String(decoding: head[..<count], as: UTF8.self).lowercased()
        return beginnings.contains { text.contains($0.lowercased()) }
    }

    private static func names(in tree: UnsafeMutablePointer<CPLXMLNode>) -> [Name] {
        var names: [Name] = []
        var pending: [(node: UnsafeMutablePointer<CPLXMLNode>, parent: String, isRaw: Bool)] = [(tree, "", false)]
        while let (node, parent, isRaw) = pending.popLast() {
            if let next = node.pointee.psNext { pending.append((next, parent, isRaw)) }
            let value = node.pointee.pszValue.map { String(cString: $0) } ?? ""
            let isText = node.pointee.eType == CXT_Text || node.pointee.eType == CXT_Literal
            if isText, !value.isEmpty, sources.contains(parent) { names.append(Name(text: value, isRaw: isRaw)) }
            guard let child = node.pointee.psChild else { continue }
            var name = value.lowercased()
            func attribute(_ name: String) -> String {
                CPLGetXMLValue(node, name, nil).map { String(cString: $0).lowercased() } ?? ""
            }
            if name == "mdi" { name = attribute("key") }
            let isRawBand = attribute("subClass") == "vrtrawrasterband"
            pending.append((child, name, isRaw || isRawBand))
        }
        return names
    }
}
