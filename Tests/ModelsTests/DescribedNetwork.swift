import Foundation
import Models
import StoredTensors
import Testing
import WeightFiles

/// A network of which a text beside this file tells the tensors' names and shapes, and what PyTorch computes with them.
///
/// `Networks/generate.py` writes the texts. The numbers in the tensors and in the input follow from their names.
struct DescribedNetwork: CustomTestStringConvertible {
    let name: String
    var family = ""
    /// Pixels on a side of the input.
    var tile = 0
    var bands = 0
    /// What has to be assumed, as `--assume` takes it; empty for nothing.
    var assume = ""
    /// The logits at every seventh pixel of every seventh row, class by class.
    var logits: [Double] = []
    var tensors: [(name: String, shape: [Int])] = []

    var testDescription: String { name }

    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("Networks")

    init(_ name: String) throws {
        self.name = name
        let text = try String(contentsOf: Self.folder.appendingPathComponent("\(name).txt"), encoding: .utf8)
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ").map(String.init)
            switch words[0] {
            case "family": family = words.dropFirst().joined(separator: " ")
            case "tile": tile = Int(words[1])!
            case "bands": bands = Int(words[1])!
            case "assume": assume = words[1]
            case "logits": logits = words.dropFirst().map { Double($0)! }
            case "conv":
                tensors.append(("\(words[1]).weight", words[2...5].map { Int($0)! }))
                if words.count > 6 { tensors.append(("\(words[1]).bias", [Int(words[7])!])) }
            case "norm":
                for part in ["weight", "bias", "running_mean", "running_var"] {
                    tensors.append(("\(words[1]).\(part)", [Int(words[2])!]))
                }
                tensors.append(("\(words[1]).num_batches_tracked", []))
            case "groupnorm":
                for part in ["weight", "bias"] { tensors.append(("\(words[1]).\(part)", [Int(words[2])!])) }
            case "prelu": tensors.append(("\(words[1]).weight", [Int(words[2])!]))
            default: throw DescriptionError(line: String(line))
            }
        }
    }

    struct DescriptionError: Error {
        let line: String
    }

    var stateDict: StateDict {
        StateDict(
            tensors: tensors.map { name, shape in
                (name, StoredTensor(shape: shape) { Self.elements(name, shape) })
            })
    }

    var options: ModelOptions {
        get throws {
            var options = ModelOptions()
            if !assume.isEmpty { options.assumptions = try ModelAssumptions(parsing: assume) }
            return options
        }
    }

    /// [bands][tile][tile], from -1 to 1
    var input: [Float] { Self.uniform("input", bands * tile * tile).map { Float(2 * $0 - 1) } }

    private static func elements(_ name: String, _ shape: [Int]) -> [Float] {
        let uniform = uniform(name, shape.reduce(1, *))
        if name.hasSuffix("num_batches_tracked") { return [1] }
        if shape.count == 4 {
            let scale = (6 / Double(shape.dropFirst().reduce(1, *))).squareRoot()
            return uniform.map { Float((2 * $0 - 1) * scale) }
        }
        if name.hasSuffix("running_var") { return uniform.map { Float(0.5 + $0) } }
        if name.hasSuffix("weight") { return uniform.map { Float(0.7 + 0.6 * $0) } }
        return uniform.map { Float(0.4 * $0 - 0.2) }
    }

    /// Numbers from 0 to 1: SplitMix64 behind the FNV-1a hash of a name.
    private static func uniform(_ name: String, _ count: Int) -> [Double] {
        var state: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in name.utf8 { state = (state ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return (0..<count).map { _ in
            state &+= 0x9e37_79b9_7f4a_7c15
            var z = state
            z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
            z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
            return Double((z ^ (z >> 31)) >> 11) / 0x1p53
        }
    }
}
