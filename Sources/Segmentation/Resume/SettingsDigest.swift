import FileIO
import Foundation
public import Models

/// What a run's results depend on beside the scene: the model, and every option that changes them.
///
/// Not in it: how many workers run, how much memory they may use, and whether outputs are replaced.
public struct SettingsDigest: Codable, Hashable, Sendable {
    /// `Model.checksum`, and what was chosen where the file leaves it open.
    public let model: String
    /// By the option's name, as text.
    public let options: [String: String]

    /// What does not change any result.
    private static let excluded: Set = ["workers", "memory", "overwrites"]

    /// - Parameter others: settings of a caller's own that change its outputs, such as which of them it wants.
    public init(model: Model, options: SegmentationOptions, others: [String: String] = [:]) {
        let choices = model.options
        self.model = "\(model.checksum) padded \(choices.padded), depth \(choices.depth.map(String.init) ?? "all")"
        // By reflection, so that no option is ever left out of it: a new one counts unless it is excluded by name.
        let said = Mirror(reflecting: options).children.compactMap { child in
            child.label.map { ($0, Self.text(of: child.value)) }
        }
        self.options = Dictionary(uniqueKeysWithValues: said.filter { !Self.excluded.contains($0.0) })
            .merging(others) { $1 }
    }

    /// A value as text. The name of the room that a type lies in is part of it: where the room has been renamed since, the
    /// name that it had is kept, or else ledgers would find that every scene's settings changed.
    private static func text(of value: Any) -> String {
        String(describing: value).replacingOccurrences(
            of: "Models.ModelDescription.", with: "ModelWeights.ModelDescription.")
    }

    /// SHA-256 of all of it, in hexadecimal digits; the same on every machine.
    public var hexadecimal: String {
        let lines = options.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        return SHA256.checksum(of: ([model] + lines).joined(separator: "\n"))
    }
}
