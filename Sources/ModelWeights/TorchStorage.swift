/// A storage of PyTorch as a pickle refers to it: the bytes lie elsewhere in the file, under `key`. Tensors share it.
final class TorchStorage: Sendable {
    /// The entry of the zip archive, or the key in the list of a file from before torch 1.6.
    let key: String
    /// As the pickle names it: `torch.FloatStorage`.
    let typeName: String
    /// Nil for an untyped storage, whose tensors bring their own type.
    let elementType: ElementType?
    /// Whether `typeName` is one of those that are read.
    let isSupported: Bool
    /// In elements; in bytes for an untyped storage.
    let count: Int
    /// First element: not 0 only for views on storages, in files from before torch 1.6.
    let viewOffset: Int

    init(
        key: String, typeName: String, elementType: ElementType?, isSupported: Bool, count: Int, viewOffset: Int
    ) {
        self.key = key
        self.typeName = typeName
        self.elementType = elementType
        self.isSupported = isSupported
        self.count = count
        self.viewOffset = viewOffset
    }

    /// Bytes per element that `count` and `viewOffset` are in.
    var unit: Int { elementType?.byteCount ?? 1 }
}
