import ArgumentParser
import Foundation
import Overtile

struct InspectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Show what a model is: network, bands, classes, margin, stride, cost.")

    @Argument(help: "Weights: a PyTorch checkpoint or safetensors.")
    var model: String

    @Flag(help: "Print JSON.")
    var json = false

    func run() throws {
        let report = ModelReport(try Model(path: model))
        Console.print(json ? try JSONText.encode(report) : report.table)
    }
}

/// What `inspect` tells.
struct ModelReport: Encodable {
    let model: String
    let family: String
    let network: String
    let parameters: Int
    let bands: Int
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
            ("Classes", "\(classes)"),
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
