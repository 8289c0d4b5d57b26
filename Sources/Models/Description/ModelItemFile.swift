import FileIO
import Glibc
import StoredTensors

/// The file of a STAC item that describes a model.
enum ModelItemFile {
    /// Returns the description in an item, or an empty one if there is no item.
    ///
    /// - Parameters:
    ///   - path: the item; nil for one beside the model, under the model's name with `.json`.
    ///   - model: the model file.
    ///   - bandCount: the number of bands that the network takes.
    /// - Throws: `noSuchFile` and `unreadable` for an item that was asked for. Errors in its content are only warnings.
    static func description(
        path: String?, ofModel model: String, bandCount: Int
    ) throws(ModelFileError) -> ModelDescription {
        guard let path = path ?? beside(model) else { return ModelDescription() }
        let file = FileName.last(of: path)
        let slice = FileSlice(try MappedFile(ofModel: path))
        do {
            let value = try slice.withUnsafeBytes { (bytes) throws(MetadataParser.Failure) in
                try MetadataParser.parse(bytes)
            }
            return MLMItem.description(of: value, bandCount: bandCount, file: file)
        } catch {
            var result = ModelDescription()
            result.warnings = ["\(file): it \(error): it is not used"]
            return result
        }
    }

    /// Returns the item file, or nil if there is none.
    ///
    /// - Throws: as `description`.
    static func file(_ path: String?, ofModel model: String) throws(ModelFileError) -> MappedFile? {
        guard let path = path ?? beside(model) else { return nil }
        return try MappedFile(ofModel: path)
    }

    private static func beside(_ model: String) -> String? {
        let path = FileName.withoutExtension(model) + ".json"
        guard path != model else { return nil }
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG && status.st_size > 0
            && access(path, R_OK) == 0 ? path : nil
    }
}

/// Paths as text.
enum FileName {
    static func last(of path: String) -> String { path.split(separator: "/").last.map(String.init) ?? path }

    /// "folder/model" of "folder/model.onnx".
    static func withoutExtension(_ path: String) -> String {
        let name = last(of: path)
        guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return path }
        return String(path.dropLast(name.distance(from: dot, to: name.endIndex)))
    }
}
