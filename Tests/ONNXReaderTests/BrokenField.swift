import Testing
import TestModelFiles
import TestNetworks

/// Something wrong in a protocol buffer.
struct BrokenField: Sendable, CustomTestStringConvertible {
    /// What is wrong.
    let testDescription: String
    let write: @Sendable (inout ProtobufWriter) -> Void

    init(_ defect: String, _ write: @escaping @Sendable (inout ProtobufWriter) -> Void) {
        testDescription = defect
        self.write = write
    }
}
