/// Makes safetensors files, sound or broken.
package enum SafetensorsWriter {
    /// - Parameter claimedLength: of the header, where it is to be wrong.
    package static func file(header: String, data: [UInt8] = [], claimedLength: UInt64? = nil) -> [UInt8] {
        (claimedLength ?? UInt64(header.utf8.count)).littleEndianBytes + Array(header.utf8) + data
    }

    /// A header of one tensor named `w`.
    package static func header(dtype: String = "F32", shape: String = "[2]", offsets: String = "[0,8]") -> String {
        #"{"w":{"dtype":"\#(dtype)","shape":\#(shape),"data_offsets":\#(offsets)}}"#
    }

    /// Two tensors and metadata.
    package static let small = file(
        header: #"""
            {"__metadata__":{"format":"pt"},"conv.bias":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},\#
            "conv.weight":{"dtype":"F32","shape":[2,1,1,2],"data_offsets":[8,24]}}
            """#,
        data: ([0.5, -2, 1, 2, 3, 4] as [Float]).littleEndianBytes)
}
