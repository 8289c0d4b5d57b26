import Foundation

/// Small networks that were trained on the waves of `SyntheticScene`, so that their norms remember them.
public enum TrainedModel: String, CaseIterable, Sendable {
    /// Was given the waves divided by 255.
    case plain = "waves"
    /// Was given the waves divided by 255, less `mean` and divided by `std`.
    case standardised = "waves-standardised"

    /// The mean of each band of the waves, divided by 255.
    public static let mean: [Float] = [0.4956, 0.4994, 0.4981]
    /// The standard deviation of each band of the waves, divided by 255.
    public static let std: [Float] = [0.218, 0.2183, 0.2185]

    /// The model file.
    public var path: String {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Trained/\(rawValue).safetensors").path
    }
}

/// Small networks under names of their own that were trained on the waves of `SyntheticScene` divided by 255.
public enum TrainedWiring: String, CaseIterable, Sendable {
    /// Has norms in its decoder alone. Its up-convolutions come before the skips.
    case bare = "waves-bare"
    /// Halves maps by averages and doubles them by nearest neighbours. Its skips come first.
    case nearest = "waves-nearest"
    /// Is as `bare`, and was never trained.
    case untrained = "waves-untrained"

    /// The model file.
    public var path: String {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Trained/\(rawValue).pth").path
    }
}
