import StoredTensors
import WeightFiles

/// Which of a checkpoint's tensors are the network's, and what else there is.
package struct NetworkTensors: Sendable {
    /// The names of the tensors that belong to no layer of the network, as in the file.
    package let leftOut: [String]
    /// The keys of other dictionaries, and the first words of other networks' tensors, any of which can be chosen.
    package let otherNetworks: [String]
    /// What stands before the network's names in the file.
    private let prefix: String
    /// True if something was left out that looks like layers.
    private let leavesLayersOut: Bool

    /// The tensors of a file that holds nothing else.
    init() { (leftOut, otherNetworks, prefix, leavesLayersOut) = ([], [], "", false) }

    init(_ match: FamilyMatch, _ stateDict: StateDict) {
        leftOut = match.strays.names
        prefix = match.prefix
        leavesLayersOut = match.strays.haveLayers
        otherNetworks = stateDict.otherKeys.filter { !$0.isEmpty } + match.otherPrefixes.map { String($0.dropLast()) }
    }

    /// Returns the network's tensors under the names that the network gives them.
    func of(_ stateDict: StateDict) -> StateDict {
        let leftOut = Set(leftOut)
        guard !leftOut.isEmpty || !prefix.isEmpty else { return stateDict }
        var result = stateDict
        result.tensors = stateDict.tensors.filter { !leftOut.contains($0.name) }.map { name, tensor in
            (String(name.unicodeScalars.dropFirst(prefix.unicodeScalars.count)), tensor)
        }
        return result
    }

    /// Returns what the user should know of the rest.
    ///
    /// - Parameter isScaled: true if it is known how pixels are scaled.
    func warnings(about stateDict: StateDict, file: String, bands: Int, isScaled: Bool) -> [String] {
        var warnings: [String] = []
        if leavesLayersOut {
            let names = leftOut.prefix(3).map(ModelFileError.quoted).joined(separator: ", ")
            warnings.append(
                "\(file): \(leftOut.count) tensors beside the network are not used (\(names)\(leftOut.count > 3 ? ", ..." : "")): overtile inspect lists them"
            )
        }
        if !isScaled, let offer = stateDict.offeredScaling(among: leftOut, bands: bands) {
            warnings.append("\(file): \(offer)")
        }
        return warnings
    }
}
