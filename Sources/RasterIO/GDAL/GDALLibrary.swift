import CGDAL
import Synchronization

/// GDAL as a whole: registered once, silenced once.
package enum GDALLibrary {
    /// The last failure that arrived outside any call of ours, on a thread of GDAL's own.
    private static let stray = Mutex<String?>(nil)

    private static let prepared: Void = {
        // Handlers pushed by `GDALMessages` hold for their thread only; what GDAL's workers report comes here.
        CPLSetErrorHandlerEx({ severity, _, message in GDALLibrary.receive(severity, message) }, nil)
        GDALAllRegister()
    }()

    /// Call before anything else of GDAL's.
    package static func prepare() { prepared }

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

    /// GDAL's text as one line, without the full stop.
    static func oneLine(_ text: UnsafePointer<CChar>?) -> String {
        guard let text else { return "" }
        var line = String(cString: text).split(whereSeparator: \.isNewline).joined(separator: " ")
        while line.last == "." || line.last == " " { line.removeLast() }
        return line
    }
}
