import CGDAL
import CTIFF
import Synchronization

/// GDAL as a whole: registered once, silenced once.
package enum GDALLibrary {
    /// The version that is loaded, such as "3.6.2".
    package static var version: String { String(cString: GDALVersionInfo("RELEASE_NAME")) }

    /// The last failure that arrived outside any call of ours, on a thread of GDAL's own.
    private static let stray = Mutex<String?>(nil)

    private static let prepared: Void = {
        // Handlers pushed by `GDALMessages` hold for their thread only; what GDAL's workers report comes here.
        CPLSetErrorHandlerEx({ severity, _, message in GDALLibrary.receive(severity, message) }, nil)
        // From 3.7 on, GDAL gives libtiff handlers for each file, which some messages pass by: libtiff itself would print
        // that a disk is full. Earlier versions of GDAL replace these two by their own, which do the same.
        _ = TIFFSetErrorHandler { GDALLibrary.report(CE_Failure, from: $0, $1, $2) }
        _ = TIFFSetWarningHandler { GDALLibrary.report(CE_Warning, from: $0, $1, $2) }
        GDALAllRegister()
        // Servers that are busy for a moment (429, 502, 503, 504) are asked again, unless somebody has said otherwise.
        for (key, value) in [("GDAL_HTTP_MAX_RETRY", "5"), ("GDAL_HTTP_RETRY_DELAY", "1")]
        where CPLGetConfigOption(key, nil) == nil { CPLSetConfigOption(key, value) }
    }()

    /// Registers GDAL's drivers and silences it, the first time; to be called before anything else of GDAL's.
    package static func prepare() { prepared }

    /// Runs something with a setting of GDAL's own, on this thread alone, whatever the environment says.
    static func with<R>(_ key: String, _ value: String, _ body: () throws -> R) rethrows -> R {
        let previous = CPLGetThreadLocalConfigOption(key, nil).map { String(cString: $0) }
        CPLSetThreadLocalConfigOption(key, value)
        defer { CPLSetThreadLocalConfigOption(key, previous) }
        return try body()
    }

    /// The failure reported by one of GDAL's own threads, once.
    static func takeStrayFailure() -> String? {
        stray.withLock { message in
            defer { message = nil }
            return message
        }
    }

    private static func receive(_ severity: CPLErr, _ text: UnsafePointer<CChar>?) {
        switch severity {
        case CE_Debug: CPLDefaultErrorHandler(severity, CPLErrorNum(CPLE_None), text)  // asked for with CPL_DEBUG
        case CE_Warning: RasterWarnings.emit(oneLine(text))
        default: stray.withLock { $0 = oneLine(text) }
        }
    }

    /// Hands a message of libtiff's to GDAL, which has it reach whoever collects its own.
    private static func report(
        _ severity: CPLErr, from module: UnsafePointer<CChar>?, _ format: UnsafePointer<CChar>?,
        _ arguments: CVaListPointer?
    ) {
        guard let format, let arguments else { return }
        // The module, often a path, stands in front; a per cent sign in it begins no argument.
        let place = module.map { String(cString: $0) + ":" } ?? ""
        let words = place.split(separator: "%", omittingEmptySubsequences: false).joined(separator: "%%")
        CPLErrorV(severity, CPLErrorNum(CPLE_AppDefined), words + String(cString: format), arguments)
    }

    /// GDAL's text as one line, without the full stop, and with the names that files have elsewhere.
    static func oneLine(_ text: UnsafePointer<CChar>?) -> String {
        guard let text else { return "" }
        var line = String(cString: text).split(whereSeparator: \.isNewline).joined(separator: " ")
        if line.contains(TrackedFiles.prefix) { line = line.replacing(TrackedFiles.prefix + "/", with: "/") }
        while line.last == "." || line.last == " " { line.removeLast() }
        return line
    }
}

/// The way of warnings about rasters, GDAL's and this room's own, to whoever wants them. Nothing is ever printed; without a receiver they are
/// dropped.
package enum RasterWarnings {
    private static let receiver = Mutex<(@Sendable (String) -> Void)?>(nil)

    /// Sends every warning from now on, one line each, to `receiver`; nil drops them.
    ///
    /// The receiver is called on whichever thread the warning arises, GDAL's own threads included, and must not call
    /// into RasterIO.
    package static func send(to receiver: (@Sendable (String) -> Void)?) {
        self.receiver.withLock { $0 = receiver }
    }

    static func emit(_ message: String) {
        let receiver = self.receiver.withLock { $0 }
        receiver?(message)
    }
}

/// GDAL's cache of decoded blocks, one for the whole process.
package enum RasterCache {
    /// Keeps the cache below this many bytes. GDAL's own limit is 5 % of the machine's memory.
    package static func limit(bytes: Int) {
        GDALLibrary.prepare()
        GDALSetCacheMax64(GIntBig(max(0, bytes)))
    }

    /// The limit in force, in bytes.
    package static var limit: Int {
        GDALLibrary.prepare()
        return Int(GDALGetCacheMax64())
    }

    /// The bytes in use now.
    package static var used: Int { Int(GDALGetCacheUsed64()) }
}
