/// The way out for a network that cannot be read: three statements of Python that export it to ONNX, which needs no family.
package enum PythonExport {
    /// The pixels on a side of the tile that is exported.
    private static let tile = 512

    /// Returns the three statements.
    ///
    /// - Parameters:
    ///   - loading: the statement that gives the network its weights.
    ///   - bands: how many bands it takes.
    package static func statements(loading: String, bands: Int) -> [String] {
        [loading, "net.eval()", "torch.onnx.export(net, \(input(bands: bands)), 'model.onnx')"]
    }

    /// Returns the three statements for a file of TorchScript, which only the older way of exporting takes.
    package static func statements(script file: String, bands: Int) -> [String] {
        [
            "net = torch.jit.load(\(file)).eval()", "scene = \(input(bands: bands))",
            "torch.onnx.export(net, scene, 'model.onnx', dynamo=False)",
        ]
    }

    private static func input(bands: Int) -> String { "torch.zeros(1, \(bands), \(tile), \(tile))" }

    /// The advice about a file that holds no network, and therefore does not tell its bands.
    package static let advice =
        "export the network to ONNX in Python: net.eval(); scene = \(input(bands: 3)); "
        + "torch.onnx.export(net, scene, 'model.onnx'), with its number of bands for 3"
}
