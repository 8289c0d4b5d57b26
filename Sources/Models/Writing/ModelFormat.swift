import FileIO

/// The formats in which a model can be written, told by the ending of the file's name.
package enum ModelFormat: Sendable {
    /// Tensors by name, and text beside them.
    case safetensors
    /// PyTorch's checkpoint: a state dict for `torch.load`.
    case torch
    /// The network with its weights, for any program that runs ONNX.
    case onnx

    /// The endings of names, without the point.
    package static let endings = ["safetensors", "pth", "pt", "onnx"]

    /// Tells the format from a file's name; nil for another ending.
    package init?(path: String) {
        let name = FileName.last(of: path).lowercased()
        guard let ending = Self.endings.first(where: { name.hasSuffix("." + $0) }) else { return nil }
        switch ending {
        case "safetensors": self = .safetensors
        case "onnx": self = .onnx
        default: self = .torch
        }
    }
}
