package import Foundation

/// The folder of conformance cases and real rasters that lies beside a checkout on machines that have it.
///
/// Tests that need it are `.enabled(if: SharedData.isPresent, SharedData.missing)`.
package enum SharedData {
    /// Beside the checkout, or where `OVERTILE_SHARED` says.
    package static let root: URL = {
        if let path = ProcessInfo.processInfo.environment["OVERTILE_SHARED"] { return URL(fileURLWithPath: path) }
        return URL(fileURLWithPath: #filePath)  // <checkout>/Tests/TestData/SharedData.swift
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("shared")
    }()

    package static let isPresent = FileManager.default.fileExists(
        atPath: root.appendingPathComponent("conformance").path)

    package static let missing = "needs the folder of shared test data: set OVERTILE_SHARED to its path"

    package static func geotiff(_ name: String) -> String { root.appendingPathComponent("data/geotiff/\(name)").path }
    package static func field(_ path: String) -> String { root.appendingPathComponent("field/\(path)").path }
    package static func conformance(_ path: String) -> String {
        root.appendingPathComponent("conformance/\(path)").path
    }
}
