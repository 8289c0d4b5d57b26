import StoredTensors
import WeightFiles

/// A file whose tensors are no network that Overtile knows.
public struct ArchitectureError: Error, CustomStringConvertible, Sendable {
    public let path: String
    /// The family that it is closest to: "the paper's U-Net".
    public let closest: String
    /// What the file holds, where that is not much like any family; nil where it plainly means to be of the closest.
    public let contents: String?
    /// What keeps it from being of the closest family, a sentence each.
    public let problems: [String]

    init(path: String, _ match: FamilyMatch, _ stateDict: StateDict) {
        self.path = path
        closest = match.family.title
        problems = match.problems
        contents = match.isClose ? nil : Self.contents(stateDict)
    }

    /// A file whose tensors fit, and whose network can still not be run.
    init(path: String, closest: String, problem: any Error) {
        self.path = path
        self.closest = closest
        problems = ["\(problem)"]
        contents = nil
    }

    private static func contents(_ stateDict: StateDict) -> String {
        guard !stateDict.tensors.isEmpty else { return "it holds no tensors" }
        let names = stateDict.tensors.prefix(3).map { ModelFileError.quoted($0.name) }.joined(separator: ", ")
        return "its \(stateDict.tensors.count) tensors start with \(names)"
    }

    public var description: String {
        let shown = problems.prefix(4).joined(separator: "; ")
        let rest = problems.count > 4 ? "; and \(problems.count - 4) more" : ""
        guard let contents else { return "\(path): looks like \(closest), but \(shown)\(rest)" }
        let known = ModelFamilies.all.map { $0.title }.joined(separator: ", ")
        return "\(path): not a network that Overtile knows (\(known)): \(contents); closest is \(closest), "
            + "but \(shown)\(rest)"
    }
}
