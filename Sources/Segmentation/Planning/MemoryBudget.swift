import FileIO

/// The shares of `--memory`, in bytes.
package struct MemoryBudget {
    /// The bytes that the whole process may use.
    package let total: Int

    /// A process that has loaded GDAL and oneDNN and opened a scene, before the first tile: twice the 86 MB measured on a
    /// scene of 37 x 23 pixels, as formats and drivers differ.
    package static let processBytes = 176 << 20

    package init(total: Int) { self.total = total }

    /// More than any plan needs: for what computes nothing, and has to be planned like a run on another machine.
    package static let unlimited = MemoryBudget(total: 1 << 50)

    /// Blocks that GDAL keeps decoded, so that neighbouring tiles share them.
    package var rasterCacheBytes: Int { min(max(total / 16, 8 << 20), 256 << 20) }

    /// Returns the bytes that are left for the workers' maps and the tiles on their way.
    func workerBytes(weights: Int) -> Int { total - Self.processBytes - rasterCacheBytes - weights }

    /// Half of the memory that this process may use (`GrantedResources`).
    package static var standard: MemoryBudget { MemoryBudget(total: GrantedResources.current.memory / 2) }
}

/// Amounts of memory as people write them.
package enum ByteCount {
    /// Returns an amount for people: "1.5 GiB", "640 MiB".
    package static func text(_ bytes: Int) -> String {
        let tenths = (bytes * 10 + (1 << 29)) >> 30
        if bytes >= 1 << 30 { return "\(tenths / 10)" + (tenths % 10 == 0 ? "" : ".\(tenths % 10)") + " GiB" }
        return "\((bytes + (1 << 20) - 1) >> 20) MiB"
    }

    /// Reads an amount: "512M", "2G", "1.5GiB", "800MB" or plain bytes. All units are powers of 1024. Returns nil for
    /// anything else.
    package static func parse(_ text: String) -> Int? {
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
