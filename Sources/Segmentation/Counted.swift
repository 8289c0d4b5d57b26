extension Int {
    /// "1 band", "3 bands"
    func counted(_ noun: String) -> String { "\(self) \(noun)\(self == 1 ? "" : "s")" }
}
