package import NetworkGraph
package import WeightFiles

/// A network as it is trained: with its norms unfolded, and all of its heads.
package struct TrainingGraph: Sendable {
    /// The operations. Convolutions and norms have the names of their tensors for labels: those of the convolution "last"
    /// are "last.weight" and "last.bias".
    package let graph: Graph
    /// The maps that the loss is computed from: the network's output, or with deep supervision one for each head.
    package let outputs: [Graph.Value]
    /// The kind of the network, for messages: "the paper's U-Net".
    package let family: String
    /// The network's tensors, by the names that the family gives them.
    package let stateDict: StateDict

    /// A network that a program made, whose layers have the names of their tensors for labels.
    package init(graph: Graph, outputs: [Graph.Value], family: String, stateDict: StateDict) {
        self.graph = graph
        self.outputs = outputs
        self.family = family
        self.stateDict = stateDict
    }

    /// Recognises the network whose tensors these are.
    ///
    /// - Parameters:
    ///   - path: where they come from, for messages.
    ///   - options: what the tensors leave open.
    /// - Throws: as `Model.init`.
    package init(_ stateDict: StateDict, path: String, options: ModelOptions = ModelOptions()) throws {
        let options = options.completed(from: stateDict.metadata)
        let prefix = try options.prefix(in: stateDict, path: path)
        let recognition = try Recognition(stateDict, under: prefix, path: path, options: options)
        try options.check(against: recognition.network, title: recognition.title, path: path)
        let network = recognition.network
        (graph, outputs) = network.supervised ?? (network.graph, [network.graph.output])
        family = recognition.title
        self.stateDict = recognition.tensors.of(stateDict)
    }
}
