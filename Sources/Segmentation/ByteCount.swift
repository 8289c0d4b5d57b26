/// Amounts of memory as people write them.
public enum ByteCount {
    /// "1.5 GiB", "640 MiB"
    public static func text(_ bytes: Int) -> String {
        let tenths = (bytes * 10 + (1 << 29)) >> 30
        if bytes >= 1 << 30 { return "\(tenths / 10)" + (tenths % 10 == 0 ? "" : ".\(tenths % 10)") + " GiB" }
        return "\((bytes + (1 << 20) - 1) >> 20) MiB"
    }

    /// "512M", "2G", "1.5GiB", "800MB" or plain bytes; all units are powers of 1024. nil for anything else.
    public static func parse(_ text: String) -> Int? {
        let digits = text.prefix { $0.isNumber || $0 == "." }
        let unit = text.dropFirst(digits.count).uppercased()
        let shifts = [
            "": 0, "B": 0, "K": 10, "KB": 10, "KIB": 10, "M": 20, "MB": 20, "MIB": 20, "G": 30, "GB": 30, "GIB": 30,
            "T": 40, "TB": 40, "TIB": 40,
        ]
        guard let number = Double(digits), let shift = shifts[unit] else { return nil }
        let bytes = number * Double(1 << shift)
        return bytes >= 1 && bytes < Double(1 << 60) ? Int(bytes) : nil
    }
}
