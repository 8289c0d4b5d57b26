import CGDAL

/// GDAL's string list (`char **`, ended by NULL): "KEY=VALUE" items, or plain names.
package final class CStringList {
    private var list: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?

    /// Makes a list of strings, in their order.
    package init(_ items: [String]) {
        for item in items { list = CSLAddString(list, item) }
    }

    deinit { CSLDestroy(list) }

    /// Lends the list to GDAL for as long as `body` runs; nil where it is empty.
    package func withUnsafe<R>(_ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?) -> R) -> R {
        withExtendedLifetime(self) { body(list) }
    }

    /// Lends the list to functions that declare its strings constant, as `withUnsafe` does.
    package func withUnsafeConstant<R>(_ body: (UnsafePointer<UnsafePointer<CChar>?>?) -> R) -> R {
        withUnsafe { list in
            body(list.map { UnsafeRawPointer($0).assumingMemoryBound(to: UnsafePointer<CChar>?.self) })
        }
    }

    /// Copies a list that GDAL owns into an array of strings; empty for nil.
    package static func items(_ list: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?) -> [String] {
        guard let list else { return [] }
        return (0..<Int(CSLCount(list))).compactMap { list[$0].map { String(cString: $0) } }
    }

    /// Copies a list of "KEY=VALUE" items that GDAL owns.
    static func dictionary(_ list: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?) -> [String: String] {
        var pairs: [String: String] = [:]
        for item in items(list) {
            // As a character, "=" is another one before a combining accent.
            guard let equals = item.unicodeScalars.firstIndex(of: "=") else { continue }
            pairs[String(item[..<equals])] = String(item[item.unicodeScalars.index(after: equals)...])
        }
        return pairs
    }
}
