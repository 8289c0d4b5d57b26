/// A tensor to be written into a checkpoint.
struct SampleTensor {
    struct Storage {
        var key = "0"
        var module = "torch"
        var type = "FloatStorage"
        /// What the pickle claims, in elements.
        var count: Int
        /// In files from before torch 1.6: the part of the storage that is meant.
        var view: (offset: Int, count: Int)?
    }

    var name = "w"
    var storage: Storage
    var offset = 0
    var shape: [Int]
    var strides: [Int]
    /// Overrides the storage's type.
    var dtype: String?

    /// A contiguous vector that fills its storage.
    static func vector(_ name: String = "w", key: String = "0", type: String = "FloatStorage", count: Int)
        -> SampleTensor
    {
        SampleTensor(name: name, storage: Storage(key: key, type: type, count: count), shape: [count], strides: [1])
    }
}
