/// An error about a raster: one line for the user, and a code for the program.
///
/// The message says what was being done, to which file, band and window; what is wrong, in GDAL's own words if it has
/// any; and what to do next.
///
///     do {
///         print(try MaskStatistics(mask: "mask.tif").whole.valid.pixels)
///     } catch where error.code == .truncated {
///         print("\(error.path) was not copied to its end")
///     }
public struct RasterError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The kinds of failure, as far as a caller may want to treat them differently.
    public enum Code: Sendable {
        /// There is nothing under this name, locally or on the server.
        case noSuchFile
        /// The file is there and may not be read.
        case permissionDenied
        /// It is a pipe, a device or a socket, or names one: nothing that may be read from any place, and twice.
        case notAFile
        /// It is in a format, or names files, that a scene of a folder may not reach.
        case notAllowed
        /// No driver of GDAL's recognises the file.
        case notARaster
        /// A raster that cannot be segmented: complex samples, or no bands.
        case unsupported
        /// Parts of the file are missing, as after an interrupted copy.
        case truncated
        /// The file contradicts itself.
        case damaged
        /// The raster opened, but some of its pixels cannot be read.
        case readFailed
        /// The output cannot be made where it should be.
        case cannotCreate
        /// The output is there already, and overwriting was not asked for.
        case outputExists
        /// The disk, or the user's share of it, is full.
        case outOfSpace
        /// Writing failed for any other reason.
        case writeFailed
        /// The caller asked for what makes no sense: a window outside the raster, a band that is not there.
        case badArgument
    }

    /// The kind of failure.
    public var code: Code
    /// The file that it is about, as the caller named it.
    public var path: String
    /// One line, for people.
    public var message: String

    /// Makes an error of its parts.
    package init(_ code: Code, path: String, _ message: String) {
        self.code = code
        self.path = path
        self.message = message
    }

    /// The message.
    public var description: String { message }
}
