import Models
import NetworkGraph

/// What tests ask of a model's network.
extension Model {
    var isSeamless: Bool {
        if case .seamless = network { true } else { false }
    }

    /// The margin of a seamless network; nil for others.
    var margin: Int? {
        if case .seamless(let network) = network { network.margin } else { nil }
    }

    /// What a tile of 160 pixels on a side computes that keeps 96.
    func tile() throws -> TileComputation {
        switch network {
        case .seamless(let network): network.computation(height: 96, width: 96)
        case .fixedTiles(let network): try network.computation(tile: 160, margin: 32)
        }
    }

    /// The network's last operation, which every family has as a 1 x 1 convolution.
    func head() throws -> Convolution? {
        let graph = try tile().graph
        guard case .convolution(let head) = graph[graph.output].operation else { return nil }
        return head
    }
}
