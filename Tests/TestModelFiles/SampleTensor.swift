/// A tensor to be written into a checkpoint.
package struct SampleTensor {
    package struct Storage {
        package var key: String
        package var module: String
        package var type: String
        /// What the pickle claims, in elements.
        package var count: Int
        /// In files from before torch 1.6: the part of the storage that is meant.
        package var view: (offset: Int, count: Int)?

        package init(
            key: String = "0", module: String = "torch", type: String = "FloatStorage", count: Int,
            view: (offset: Int, count: Int)? = nil
        ) {
            self.key = key
            self.module = module
            self.type = type
            self.count = count
            self.view = view
        }
    }

    package var name: String
    package var storage: Storage
    package var offset: Int
    package var shape: [Int]
    package var strides: [Int]
    /// Overrides the storage's type.
    package var dtype: String?

    package init(
        name: String = "w", storage: Storage, offset: Int = 0, shape: [Int], strides: [Int], dtype: String? = nil
    ) {
        self.name = name
        self.storage = storage
        self.offset = offset
        self.shape = shape
        self.strides = strides
        self.dtype = dtype
    }

    /// A contiguous vector that fills its storage.
    package static func vector(_ name: String = "w", key: String = "0", type: String = "FloatStorage", count: Int)
        -> SampleTensor
    {
        SampleTensor(name: name, storage: Storage(key: key, type: type, count: count), shape: [count], strides: [1])
    }
}
