/// Makes PyTorch checkpoints out of a pickle and storages, sound or broken.
package enum TorchWriter {
    /// As `torch.save` writes since 1.6.
    package static func archive(
        pickle: [UInt8], storages: [(key: String, bytes: [UInt8])] = [], prefix: String = "archive",
        byteOrder: String? = "little"
    ) -> ZipWriter {
        var entries = [ZipWriter.Entry(name: "\(prefix)/data.pkl", data: pickle, isStreamed: true)]
        if let byteOrder {
            entries.append(.init(name: "\(prefix)/byteorder", data: Array(byteOrder.utf8), isStreamed: true))
        }
        entries += storages.map { key, bytes in
            .init(name: "\(prefix)/data/\(key)", data: bytes, isStreamed: true, padding: 13)
        }
        entries.append(.init(name: "\(prefix)/version", data: Array("3\n".utf8), isStreamed: true))
        var writer = ZipWriter(entries)
        writer.hasZip64End = true
        return writer
    }

    /// One tensor over the storage `0`.
    package static func zip(_ tensor: SampleTensor, _ bytes: [UInt8], byteOrder: String? = "little") -> [UInt8] {
        archive(
            pickle: PickleWriter.pickle { $0.stateDict([tensor]) }, storages: [("0", bytes)], byteOrder: byteOrder
        ).bytes
    }

    /// A checkpoint whose pickle is what `body` writes, without storages.
    package static func zip(_ body: (inout PickleWriter) -> Void) -> [UInt8] {
        archive(pickle: PickleWriter.pickle(body)).bytes
    }

    /// A checkpoint whose pickle is what `body` writes, with the storages of `smallTensors`.
    package static func small(_ body: (inout PickleWriter) -> Void) -> [UInt8] {
        archive(
            pickle: PickleWriter.pickle(body), storages: smallData.map { ($0.key, $0.floats.littleEndianBytes) }
        ).bytes
    }

    /// As `torch.save` wrote before 1.6.
    ///
    /// - Parameter storages: with the number of elements that the file claims.
    package static func legacy(
        pickle: [UInt8], storages: [(key: String, count: Int64, bytes: [UInt8])], version: Int = 1001
    ) -> [UInt8] {
        var out: [UInt8] = [
            0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, UInt8(ascii: "."),
        ]
        out += PickleWriter.pickle { $0.int(version) }
        out += PickleWriter.pickle { writer in
            writer.code("}(")
            writer.string("little_endian")
            writer.raw([0x88])
            writer.code("u")
        }
        out += pickle
        out += PickleWriter.pickle { writer in
            writer.code("](")
            for storage in storages { writer.string(storage.key) }
            writer.code("e")
        }
        for storage in storages { out += storage.count.littleEndianBytes + storage.bytes }
        return out
    }

    /// Two tensors in each container.
    package static let smallTensors: [SampleTensor] = [
        SampleTensor(
            name: "conv.weight", storage: .init(count: 4), shape: [2, 1, 1, 2], strides: [2, 2, 2, 1]),
        .vector("conv.bias", key: "1", count: 2),
    ]
    /// The elements of `smallTensors` by storage.
    package static let smallData: [(key: String, floats: [Float])] = [("0", [1, 2, 3, 4]), ("1", [0.5, -2])]
    /// `smallTensors` as torch 1.6 and later write them.
    package static let smallZip = archive(
        pickle: PickleWriter.pickle { $0.stateDict(smallTensors) },
        storages: smallData.map { ($0.key, $0.floats.littleEndianBytes) }
    ).bytes
    /// `smallTensors` as torch wrote them before 1.6.
    package static let smallLegacy = legacy(
        pickle: PickleWriter.pickle { $0.stateDict(smallTensors, isLegacy: true) },
        storages: smallData.map { ($0.key, Int64($0.floats.count), $0.floats.littleEndianBytes) })
}
