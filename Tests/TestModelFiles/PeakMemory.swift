import Glibc

/// The most memory that this process had resident at a time. For tests in a process of their own.
package enum PeakMemory {
    /// Ends the process where reading a file takes more memory on top of what there was, or `read` says false.
    ///
    /// - Parameter read: reads the file at a path, whatever comes of it, and tells whether that was as expected.
    package static func expectToStay(
        within bound: Int, reading files: [(name: String, bytes: [UInt8])], _ read: (String) -> Bool
    ) {
        reset()
        let before = current
        for (name, bytes) in files {
            let file = MemoryFile(bytes)
            let isAsExpected = read(file.path)
            let growth = current - before
            guard growth <= bound, isAsExpected else {
                print("\(name): \(growth >> 20) MB for a file of \(bytes.count >> 20) MB, as expected: \(isAsExpected)")
                exit(1)
            }
        }
    }

    /// Sets the peak to what is in use now.
    private static func reset() {
        let descriptor = open("/proc/self/clear_refs", O_WRONLY)
        write(descriptor, "5", 1)
        close(descriptor)
    }

    /// In bytes.
    private static var current: Int {
        var text = [UInt8](repeating: 0, count: 8192)
        let descriptor = open("/proc/self/status", O_RDONLY)
        defer { close(descriptor) }
        let count = read(descriptor, &text, text.count)
        let lines = String(decoding: text.prefix(max(0, count)), as: UTF8.self).split(separator: "\n")
        let fields = lines.first { $0.hasPrefix("VmHWM:") }?.split(whereSeparator: \.isWhitespace)
        return (fields?.dropFirst().first.flatMap { Int($0) } ?? .max >> 10) << 10
    }
}
