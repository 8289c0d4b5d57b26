import ArgumentParser
import Foundation
import Overtile

struct InspectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Show what a model is: network, bands, classes, margin, stride, cost.",
        discussion: """
            The keys of --json:
              model         the file
              family        what kind of network it is
              network       levels, widths, upsampling, normalisation
              parameters    how many numbers the model holds
              bands         bands of the scene that the model takes
              outputs       bands of --probabilities: 1 is a sigmoid, more are a softmax
              classes       values of the mask
              stride        pixels by which the tiles' places may differ
              margin        pixels that the network needs around an output pixel, on each side
              smallestTile  pixels of the smallest tile, on a side
              tileRemainder what a tile's side leaves when it is divided by the stride
              flopPerPixel  multiplications and additions for a pixel of the scene, overlap not counted
              seamless      whether tiles give the same as the scene in one piece
            """)

    @Argument(help: "The trained network: a PyTorch checkpoint (.pth, .pt, .ckpt) or safetensors file.")
    var model: String

    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        let report = ModelReport(try Model(path: model))
        try Console.print(json ? try JSONText.encode(report) : report.table)
    }
}

/// What `inspect` tells.
struct ModelReport: Encodable {
    let model: String
    let family: String
    let network: String
    let parameters: Int
    let bands: Int
    let outputs: Int
    let classes: Int
    let stride: Int
    let margin: Int
    let tileRemainder: Int
    let smallestTile: Int
    let flopPerPixel: Double
    let seamless = true

    init(_ model: Model) {
        let network = model.network
        self.model = model.path
        family = model.family
        self.network = model.summary
        parameters = model.parameterCount
        bands = model.bands
        outputs = model.outputChannels
        classes = model.classCount
        stride = network.stride
        margin = 0
        tileRemainder = network.tileRemainder
        smallestTile = 0
        flopPerPixel = network.operationsPerPixel(tile: 512)
    }

    var table: String {
        let tiles = (0..<3).map { String(smallestTile + $0 * stride) }.joined(separator: ", ")
        return Text.table([
            ("Model", model),
            ("Network", "\(family): \(network)"),
            ("Parameters", Text.grouped(parameters)),
            ("Bands", "\(bands)"),
            ("Classes", outputs == 1 ? "2, by a sigmoid" : "\(classes), by a softmax"),
            ("Stride", "\(stride) pixels"),
            ("Margin", "\(margin) pixels on each side"),
            ("Tile sizes", "\(tiles), … in steps of \(stride)"),
            ("Cost", "\(Text.number(flopPerPixel)) FLOP per pixel, overlap not counted"),
            ("Seamless", "yes"),
        ])
    }
}

enum JSONText {
    static func encode(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }
}
