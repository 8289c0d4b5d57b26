/// What a network's outputs are for.
///
///     var options = SegmentationOptions()
///     options.task = .regression
public enum ModelTask: String, Sendable, CaseIterable {
    /// Each pixel has one of the classes.
    case segmentation
    /// Each class is there or not at a pixel, whatever the others are.
    case multilabel
    /// The outputs are measurements, and no classes.
    case regression
}
