/// Pickles whose every byte makes their reader allocate.
package struct HostilePickle {
    /// What it is made of, for messages.
    package let name: String
    /// The pickle.
    package let bytes: [UInt8]

    /// One of every kind, each of about so many bytes.
    package static func all(byteCount: Int) -> [HostilePickle] {
        let storage = "(U\u{7}storagectorch\nFloatStorage\nU\u{1}0U\u{3}cpuK\u{0}t"
        let axes = "(" + String(repeating: "K\u{1}", count: 64) + "t"
        let tensor = "h\u{3}h\u{4}R"
        func tensors(_ shape: String) -> String {
            "\(storage)Qq\u{2}(h\u{2}K\u{0}\(shape)\(shape)tq\u{4}ctorch._utils\n_rebuild_tensor_v2\nq\u{3}"
        }
        let pairs: [(name: String, start: String, unit: [UInt8])] = [
            ("Nones", "", [0x4e]), ("memo", "N", [0x94]), ("memo of lists", "", [0x5d, 0x94]),
            ("lists", "", [0x5d]), ("dicts", "", [0x7d]), ("nested tuples", ")", [0x85]), ("marks", "", [0x28]),
            ("lists of a list", "", Array("]]a".utf8)), ("dicts of a pair", "", Array("}NNs".utf8)),
            ("one long list", "]", Array("Na".utf8)), ("one long dict", "}", Array("NNs".utf8)),
            ("globals", "", Array("ca\nb\n".utf8)), ("strings", "", Array("U\u{1}a".utf8)),
            ("objects", "ca\nb\nq\u{0}", [0x68, 0, 0x29, 0x81]),
            ("ordered dicts", "ccollections\nOrderedDict\nq\u{0}", Array("h\u{0})R".utf8)),
            ("storages", storage + "q\u{1}", Array("h\u{1}Q".utf8)),
            ("tensors", tensors(")"), Array(tensor.utf8)), ("tensors of 64 axes", tensors(axes), Array(tensor.utf8)),
        ]
        var all = pairs.map { name, start, unit in
            let count = (byteCount - start.utf8.count) / unit.count
            return HostilePickle(
                name: name,
                bytes: PickleWriter.pickle { writer in
                    writer.code(start)
                    writer.raw((0..<count).flatMap { _ in unit })
                })
        }
        let scattered = PickleWriter.pickle { writer in
            writer.code("N")
            writer.raw((0..<UInt32(byteCount / 5)).flatMap { [0x72] + ($0 &* 2_654_435_761).littleEndianBytes })
        }
        all.append(HostilePickle(name: "memo out of order", bytes: scattered))
        let state = PickleWriter.pickle { writer in
            writer.code(tensors("(K\u{0}t") + tensor + "q\u{5}}(")
            for index in 0..<byteCount / 10 {
                writer.raw([0x55, 6] + Array(String(100_000 + index % 900_000).utf8) + [0x68, 5])
            }
            writer.code("u")
        }
        all.append(HostilePickle(name: "names", bytes: state))
        return all
    }
}
