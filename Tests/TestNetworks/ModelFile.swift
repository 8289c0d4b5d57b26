package import Foundation
import TestMaps

/// Writes the paper's network with random weights as a safetensors file, under the names that PyTorch users have.
package enum ModelFile {
    /// - Parameter metadata: of the file's header, its `__metadata__`.
    /// - Returns: the file's path.
    package static func paperUNet(
        in folder: String, bands: Int = 1, classes: Int = 2, depth: Int = 3, base: Int = 4, seed: UInt64 = 1,
        metadata: [String: String] = [:]
    ) throws -> String {
        var generator = SeededGenerator(seed: seed)
        var tensors: [(name: String, shape: [Int], elements: [Float])] = []
        func add(_ name: String, _ shape: [Int], fanIn: Int) {
            let scale = (2 / Float(fanIn)).squareRoot()
            let elements = (0..<shape.reduce(1, *)).map { _ in scale * generator.normal() }
            tensors.append(("\(name).weight", shape, elements))
            let outputs = name.hasSuffix(".up") ? shape[1] : shape[0]
            tensors.append(("\(name).bias", [outputs], (0..<outputs).map { _ in 0.1 * generator.normal() }))
        }
        func addBlock(_ name: String, _ inputs: Int, _ outputs: Int) {
            add("\(name).0", [outputs, inputs, 3, 3], fanIn: inputs * 9)
            add("\(name).2", [outputs, outputs, 3, 3], fanIn: outputs * 9)
        }
        let widths = (0..<depth).map { base << $0 }
        for level in 0..<depth {
            addBlock("down_path.\(level).block", level == 0 ? bands : widths[level - 1], widths[level])
        }
        for (number, level) in (0..<depth - 1).reversed().enumerated() {
            add("up_path.\(number).up", [widths[level + 1], widths[level], 2, 2], fanIn: widths[level + 1])
            addBlock("up_path.\(number).conv_block.block", 2 * widths[level], widths[level])
        }
        add("last", [classes, base, 1, 1], fanIn: base)
        let path = "\(folder)/model-\(bands)-\(classes)-\(depth)-\(base)-\(seed).safetensors"
        try safetensors(tensors, metadata: metadata).write(to: URL(fileURLWithPath: path))
        return path
    }

    /// The safetensors format: header length, JSON header, elements.
    package static func safetensors(
        _ tensors: [(name: String, shape: [Int], elements: [Float])], metadata: [String: String] = [:]
    ) throws -> Data {
        var offset = 0
        var entries = tensors.map { tensor in
            let end = offset + tensor.elements.count * MemoryLayout<Float>.stride
            defer { offset = end }
            return
                "\"\(tensor.name)\":{\"dtype\":\"F32\",\"shape\":\(tensor.shape),\"data_offsets\":[\(offset),\(end)]}"
        }
        if !metadata.isEmpty {
            let text = String(decoding: try JSONEncoder().encode(metadata), as: UTF8.self)
            entries.insert("\"__metadata__\":\(text)", at: 0)
        }
        let header = Data("{\(entries.joined(separator: ","))}".utf8)
        var file = withUnsafeBytes(of: UInt64(header.count).littleEndian) { Data($0) }
        file += header
        for tensor in tensors { tensor.elements.withUnsafeBytes { file += Data($0) } }
        return file
    }
}
