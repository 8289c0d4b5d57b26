import Foundation

/// The user's folder for what may be lost: `$XDG_CACHE_HOME/overtile`, else `~/.cache/overtile` (XDG Base Directory
/// Specification).
package enum UserCache {
    /// Returns the path of something in it, which need not be there; nil where the system has no place for a user's cache.
    package static func path(_ name: String) -> String? {
        let environment = ProcessInfo.processInfo.environment
        if let cache = environment["XDG_CACHE_HOME"], cache.hasPrefix("/") {
            return FileName.joined(cache, "overtile/" + name)
        }
        guard let home = environment["HOME"], home.hasPrefix("/") else { return nil }
        return FileName.joined(home, ".cache/overtile/" + name)
    }
}
