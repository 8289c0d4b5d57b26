import CGDAL

/// Collects what GDAL reports while a call runs, so that it becomes an error instead of a line on standard error.
///
/// The failures are those of the calling thread; GDAL's worker threads report to `GDALLibrary`. A return code is checked
/// by whoever makes the call: GDAL reports failures that it survives, and fails without a report.
package final class GDALMessages {
    /// A failure as GDAL reports it.
    package struct Failure {
        /// The number of its kind, one of `CPLE_…`.
        package var number: Int32
        /// The text on one line.
        package var text: String
    }

    /// The failures so far, the first one first.
    package private(set) var failures: [Failure] = []
    /// The texts of warnings so far, where these are wanted as reasons.
    private(set) var warnings: [String] = []
    private let keepsWarnings: Bool

    /// Begins without any messages.
    ///
    /// - Parameter keepsWarnings: true if warnings are kept in `warnings` instead of being sent to `RasterWarnings`.
    package init(keepsWarnings: Bool = false) { self.keepsWarnings = keepsWarnings }

    /// Runs calls into GDAL with their reports collected here; warnings go to `RasterWarnings`.
    @discardableResult
    package func during<R, E: Error>(_ body: () throws(E) -> R) throws(E) -> R {
        GDALLibrary.prepare()
        let handler: CPLErrorHandler = { severity, number, text in
            guard let context = CPLGetErrorHandlerUserData() else { return }
            let messages = Unmanaged<GDALMessages>.fromOpaque(context).takeUnretainedValue()
            messages.receive(severity, number, text)
        }
        CPLPushErrorHandlerEx(handler, Unmanaged.passUnretained(self).toOpaque())
        defer { CPLPopErrorHandler() }
        return try body()
    }

    private func receive(_ severity: CPLErr, _ number: CPLErrorNum, _ text: UnsafePointer<CChar>?) {
        switch severity {
        case CE_Debug: CPLDefaultErrorHandler(severity, number, text)  // asked for with CPL_DEBUG
        case CE_Warning:
            if keepsWarnings {
                warnings.append(GDALLibrary.oneLine(text))
            } else {
                RasterWarnings.emit(GDALLibrary.oneLine(text))
            }
        default: failures.append(Failure(number: number, text: GDALLibrary.oneLine(text)))
        }
    }

    /// Returns true if a failure of one of these numbers was reported.
    package func contains(_ numbers: Int...) -> Bool { failures.contains { numbers.contains(Int($0.number)) } }

    /// The first failure, which is the cause of those that follow, without the file's name in front (the caller's
    /// sentence has it); `otherwise` if GDAL gave no reason.
    package func reason(about path: String, otherwise: String) -> String {
        guard var text = failures.first?.text ?? GDALLibrary.takeStrayFailure(), !text.isEmpty else { return otherwise }
        let name = path.split(separator: "/").last.map(String.init) ?? path
        let names = [path, name].flatMap { ["\($0): ", "\($0), ", "`\($0)' "] }
        for prefix in names where text.hasPrefix(prefix) { text.removeFirst(prefix.count) }
        return text.count > 300 ? text.prefix(300) + "…" : text
    }
}
