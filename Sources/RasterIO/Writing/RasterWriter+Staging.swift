import Glibc

extension RasterWriter {
    /// What there is of a finished output before it has its name: final names, and those that the files have now.
    package var stagedFiles: [(path: String, staged: String)] {
        ["", ".aux.xml"].map { (path + $0, file.stagingPath + $0) }.filter { FileStatus.exists($0.1) }
    }

    /// Removes what killed processes left of an output under hidden names.
    ///
    /// - Parameter isExclusive: whether no other process can be at work on this output, so that all of it is left over;
    ///   else only what belongs to processes that are no more.
    package static func removeLeftovers(path: String, isExclusive: Bool) {
        guard let prefix = StagedFile.hiddenPrefix(path: path), let folder = opendir(prefix.folder) else { return }
        defer { closedir(folder) }
        var leftovers: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard name.hasPrefix(prefix.name) else { continue }
            let rest = name.dropFirst(prefix.name.count)
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            guard let process = Int32(digits), process > 0, rest.dropFirst(digits.count).hasPrefix("-"),
                rest.contains(".tif")
            else { continue }
            let isGone = kill(process, 0) != 0 && errno == ESRCH
            if isExclusive || isGone { leftovers.append(name) }
        }
        for name in leftovers { unlink(prefix.folder + "/" + name) }
    }
}
