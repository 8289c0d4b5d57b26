/// A tensor to be written into a checkpoint.
package struct SampleTensor {
    /// The elements, which several tensors may share.
    package struct Storage {
        /// The name of its record in the file.
        package var key: String
        /// The Python module of its class.
        package var module: String
        /// The name of its class.
        package var type: String
        /// What the pickle claims, in elements.
        package var count: Int
        /// In files from before torch 1.6: the part of the storage that is meant.
        package var view: (offset: Int, count: Int)?

        /// A storage of so many elements.
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

    /// The name in the state dict.
    package var name: String
    /// Where the elements lie.
    package var storage: Storage
    /// The first element in the storage.
    package var offset: Int
    /// The extent of each axis.
    package var shape: [Int]
    /// Elements from one neighbour to the next, for each axis.
    package var strides: [Int]
    /// Overrides the storage's type.
    package var dtype: String?

    /// A tensor that starts with its storage where no offset is given.
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
