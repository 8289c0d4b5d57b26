#if canImport(Glibc)
    import Glibc
#endif

/// How the bytes of `--memory` are shared out.
struct MemoryBudget {
    /// The whole process.
    let total: Int

    /// A process that has loaded GDAL and oneDNN and opened a scene, before the first tile: twice the 86 MB measured on a
    /// scene of 37 x 23 pixels, as formats and drivers differ.
    static let processBytes = 176 << 20

    init(total: Int) { self.total = total }

    /// Blocks that GDAL keeps decoded, so that neighbouring tiles share them.
    var rasterCacheBytes: Int { min(max(total / 16, 8 << 20), 256 << 20) }

    /// What is left for the workers' maps and the tiles on their way.
    func workerBytes(weights: Int) -> Int { total - Self.processBytes - rasterCacheBytes - weights }

    /// Half of the memory that this process may use: the machine's, or its control group's where that is less.
    static var standard: MemoryBudget {
        let machine = sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE))
        return MemoryBudget(total: min(machine, controlGroupLimit ?? machine) / 2)
    }

    /// The limit that a container sets (control groups, version 2), nil without one.
    private static var controlGroupLimit: Int? {
        guard let file = fopen("/sys/fs/cgroup/memory.max", "r") else { return nil }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 32)
        guard fgets(&line, Int32(line.count), file) != nil else { return nil }
        return Int(String(decoding: line.prefix { $0 != 0 && $0 != 10 }.map(UInt8.init(bitPattern:)), as: UTF8.self))
    }
}
