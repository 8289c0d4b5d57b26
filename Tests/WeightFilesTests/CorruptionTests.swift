import StoredTensors
import Testing
import TestMaps
import TestModelFiles
import TestNetworks
import WeightFiles

/// Damaged files are read or refused, and never end the process. The small files have every feature of their
/// container.
@Suite struct CorruptionTests {
    static let containers: [(name: String, bytes: [UInt8])] = [
        ("safetensors", SafetensorsWriter.small),
        ("zip", TorchWriter.smallZip),
        ("legacy", TorchWriter.smallLegacy),
        ("module", TorchWriter.small { $0.module(.small) }),
    ]

    @Test("the undamaged files read", arguments: containers.map(\.name))
    func sound(name: String) throws {
        let stateDict = try Checkpoint.read(bytes: bytes(name))
        #expect(Set(stateDict.tensors.map(\.name)) == ["conv.weight", "conv.bias"])
        #expect(stateDict.elements == ["conv.weight": [1, 2, 3, 4], "conv.bias": [0.5, -2]])
        #expect(stateDict.tensors.first { $0.name == "conv.weight" }?.tensor.shape == [2, 1, 1, 2])
    }

    @Test("every file that was cut short is refused", arguments: containers.map(\.name))
    func prefixes(name: String) throws {
        let bytes = bytes(name)
        for length in bytes.indices {
            let error = try Checkpoint.error(bytes: bytes[..<length])
            #expect(error != nil, "\(name) cut to \(length) bytes")
        }
    }

    @Test("one wrong byte is read or refused", arguments: containers.map(\.name))
    func flippedBytes(name: String) throws {
        let bytes = bytes(name)
        for position in bytes.indices {
            for mask: UInt8 in [0x01, 0x20, 0x80, 0xff, bytes[position]] where mask != 0 {
                var damaged = bytes
                damaged[position] ^= mask
                readOrRefuse(damaged)
            }
        }
    }

    @Test("many wrong bytes are read or refused", arguments: containers.map(\.name))
    func noise(name: String) throws {
        let bytes = bytes(name)
        var generator = SeededGenerator(seed: 20)
        for _ in 0..<2000 {
            var damaged = bytes
            for _ in 0..<Int.random(in: 2...6, using: &generator) {
                damaged[Int.random(in: bytes.indices, using: &generator)] = .random(in: 0...255, using: &generator)
            }
            readOrRefuse(damaged)
        }
    }

    /// Random instructions behind sound ones reach states that no writer makes.
    @Test func randomPickles() throws {
        let codes: [UInt8] =
            Array("(00122N}])tl]deaasuubRRoqrhjQcK".utf8) + [0x81, 0x85, 0x86, 0x87, 0x8f, 0x90, 0x91, 0x94]
        var generator = SeededGenerator(seed: 7)
        for _ in 0..<2000 {
            let pickle = PickleWriter.pickle { writer in
                writer.stateDict(TorchWriter.smallTensors)
                for _ in 0..<40 {
                    let code = codes.randomElement(using: &generator) ?? 0
                    writer.raw([code])
                    if Array("qhK".utf8).contains(code) { writer.raw([.random(in: 0...3, using: &generator)]) }
                    if Array("rj".utf8).contains(code) {
                        writer.raw(UInt32.random(in: 0...3, using: &generator).littleEndianBytes)
                    }
                    if code == UInt8(ascii: "c") { writer.code("torch\nSize\n") }
                }
            }
            readOrRefuse(TorchWriter.archive(pickle: pickle).bytes)
        }
    }

    private func bytes(_ name: String) -> [UInt8] { Self.containers.first { $0.name == name }?.bytes ?? [] }

    private func readOrRefuse(_ bytes: [UInt8]) {
        do {
            let stateDict = try Checkpoint.read(bytes: bytes)
            let count = stateDict.tensors.reduce(0) { $0 + $1.tensor.elements().count }
            #expect(count <= bytes.count)
        } catch let error as ModelFileError {
            #expect(error.code != .noSuchFile && !error.description.contains("\n"))
        } catch {
            Issue.record(error)
        }
    }
}
