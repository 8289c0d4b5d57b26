import Overtile

extension SegmentationOptions {
    /// What a command's options ask for.
    init(_ input: InputOptions, _ resolution: ResolutionOptions, _ output: OutputOptions, _ plan: PlanOptions) {
        self.init()
        input.apply(to: &self)
        resolution.apply(to: &self)
        output.apply(to: &self)
        plan.apply(to: &self)
    }
}
