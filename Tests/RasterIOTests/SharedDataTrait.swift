import TestData
import Testing

extension Trait where Self == ConditionTrait {
    /// Skips, and says why, where the folder of real rasters is not there.
    static var needsSharedData: Self { .enabled(if: SharedData.isPresent, Comment(rawValue: SharedData.missing)) }
}
