import WeightFiles

/// The network that the tensors of a file are: one of a known family, or else one that their shapes tell.
struct Recognition {
    let network: RecognizedNetwork
    /// The name of the kind of network, for messages.
    let title: String
    /// A line for each level of a network that was found by shapes; empty for others.
    let wiring: [String]
    /// The network's tensors among those of the file.
    let tensors: NetworkTensors

    /// Recognises a network.
    ///
    /// A file that is of a family but for a few tensors is damaged, or not understood in these: it is not taken for
    /// another network that its tensors happen to fit.
    ///
    /// - Parameter prefix: what stands before the network's names, where the user says so.
    /// - Throws: `ArchitectureError` if nothing fits; `WiringError` if several networks do.
    init(_ stateDict: StateDict, under prefix: String? = nil, path: String, options: ModelOptions) throws {
        let match = FamilyMatch.closest(to: stateDict, options: options, under: prefix)
        if match.problems.isEmpty {
            (network, title, wiring) = (match.network, match.family.title, [])
            tensors = NetworkTensors(match, stateDict)
            return
        }
        guard !match.isNear else { throw ArchitectureError(path: path, match, stateDict) }
        do {
            let found = try ShapeWiring(stateDict, options: options)
            (network, title, wiring) = (found.network, ShapeWiring.title, found.lines)
            tensors = NetworkTensors()
        } catch {
            switch error {
            case .several(let candidates):
                throw WiringError(
                    path: path, candidates: candidates, order: stateDict.isSortedByName ? Self.lostOrder : nil)
            case .none(let account):
                let order = stateDict.isSortedByName ? "; \(Self.lostOrder)" : ""
                throw ArchitectureError(path: path, match, stateDict, attempt: account + order)
            }
        }
    }

    /// The note about safetensors that other programs wrote, where shapes do not tell how layers follow each other.
    private static let lostOrder =
        "its tensors are sorted by name, as safetensors are, so that the order of the layers is lost: the checkpoint "
        + "(.pth) or ONNX file of the same network keeps it"
}
