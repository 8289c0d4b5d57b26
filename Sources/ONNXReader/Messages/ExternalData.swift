import FileIO
import Glibc
import StoredTensors

/// The files beside an ONNX model that hold its weights.
///
/// They must lie in the model's folder or below it. Otherwise a model file from elsewhere could read any file. Source:
/// https://onnx.ai/onnx/repo-docs/ExternalData.html.
struct ExternalData {
    /// The most files. Models have one, or one for each tensor.
    private static let largestFileCount = 10_000

    private let model: MappedFile
    private var files: [String: MappedFile] = [:]

    init(model: MappedFile) { self.model = model }

    /// The files that were needed, in the order of their locations.
    var mappedFiles: [MappedFile] { files.sorted { $0.key < $1.key }.map(\.value) }

    /// Returns the bytes of a tensor.
    ///
    /// - Parameters:
    ///   - entries: `location`, and `offset` and `length` in bytes if they are not the whole file.
    ///   - byteCount: the number of bytes of the tensor.
    ///   - tensor: the name of the tensor, quoted.
    /// - Throws: `malformed` for a location outside the model's folder, or a length that is not the tensor's;
    ///   `noSuchFile`, `unreadable`, `truncated`.
    mutating func slice(
        _ entries: [(key: String, value: String)], byteCount: Int, tensor: String
    ) throws(ModelFileError) -> FileSlice {
        let entries = Dictionary(entries.map { ($0.key, $0.value) }, uniquingKeysWith: { _, last in last })
        guard let location = entries["location"] else {
            throw model.error(.malformed, "tensor \(tensor) lies in another file, and its name is missing")
        }
        let offset = try number(entries["offset"], named: "offset", tensor) ?? 0
        let length = try number(entries["length"], named: "length", tensor) ?? byteCount
        guard length == byteCount else {
            throw model.error(
                .malformed, "tensor \(tensor) has \(length) bytes of external data, and takes \(byteCount)")
        }
        let file = try file(location, tensor)
        guard let slice = FileSlice(file).slice(at: offset, count: length) else {
            throw file.error(
                .truncated,
                "holds \(file.count) bytes, and tensor \(tensor) of \(model.path) lies at byte \(offset), "
                    + "\(length) bytes long: copy or download both files again")
        }
        return slice
    }

    private func number(_ text: String?, named name: String, _ tensor: String) throws(ModelFileError) -> Int? {
        guard let text else { return nil }
        guard let number = Int(text), number >= 0 else {
            throw model.error(
                .malformed, "tensor \(tensor) has external data of \(name) \(ModelFileError.quoted(text))")
        }
        return number
    }

    private mutating func file(_ location: String, _ tensor: String) throws(ModelFileError) -> MappedFile {
        if let file = files[location] { return file }
        guard files.count < Self.largestFileCount else {
            throw model.error(.malformed, "has its weights in more than \(Self.largestFileCount) files")
        }
        let parts = location.split(separator: "/", omittingEmptySubsequences: false)
        let isInside = !location.isEmpty && !location.utf8.contains(0) && !parts.contains("..") && parts.first != ""
        guard isInside else { throw outside(location, tensor) }
        let folder = Self.folder(of: model.path)
        guard let realFolder = Self.resolved(folder), let path = Self.resolved(folder + "/" + location) else {
            throw ModelFileError(
                .noSuchFile, path: folder + "/" + ModelFileError.plain(location),
                "no such file, and tensor \(tensor) of \(model.path) lies in it: copy it together with the model")
        }
        guard path.hasPrefix(realFolder == "/" ? "/" : realFolder + "/") else { throw outside(location, tensor) }
        let file = try MappedFile(ofModel: path)
        files[location] = file
        return file
    }

    private func outside(_ location: String, _ tensor: String) -> ModelFileError {
        model.error(
            .refused,
            "tensor \(tensor) lies in \(ModelFileError.quoted(location)), outside the model's folder: "
                + "put the file itself beside the model, and save the model with its plain name")
    }

    private static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// Returns the path without symbolic links, or nil if there is no file.
    private static func resolved(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }
}
