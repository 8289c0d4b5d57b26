import Models

extension OutputSet {
    /// Refuses what is made of a mask of classes where there is none.
    ///
    /// - Throws: `OutputError` naming the first of the products that cannot be made.
    func refuseProducts(of task: ModelTask) throws {
        guard task != .segmentation else { return }
        let products: [(String, Bool)] = [
            ("--polygons", polygons != nil), ("--stats", statistics != nil), ("--style", style == .always),
            ("--report", report != nil),
        ]
        guard let product = products.first(where: \.1) else { return }
        throw OutputError(
            "\(product.0) is made of a mask of classes, and --task \(task.rawValue) gives none: leave it out")
    }
}
