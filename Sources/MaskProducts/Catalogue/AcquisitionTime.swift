package import Foundation
package import RasterIO

/// The time at which a scene was acquired, as far as its metadata tells. A STAC item must have one.
package struct AcquisitionTime: Equatable, Sendable {
    /// The time of the acquisition, or its beginning if it lasted.
    package let start: Date
    /// The end of the acquisition; equal to `start` for a moment.
    package let end: Date
    /// The source of the time: a key of the metadata, or "time of the file".
    package let source: String

    /// Makes a known time.
    package init(start: Date, end: Date? = nil, source: String) {
        self.start = start
        self.end = max(start, end ?? start)
        self.source = source
    }

    /// True if this is the time of the acquisition, and not only that of the file.
    package var isKnown: Bool { source != Self.fileTime }

    private static let fileTime = "time of the file"

    /// The metadata keys of a moment, the more exact ones first. Sources: GDAL's Sentinel-2, Maxar, Pleiades and netCDF
    /// drivers, Landsat's MTL files, TIFF's own tag, which most cameras of aeroplanes and drones set.
    private static let moments = [
        "ACQUISITIONDATETIME", "DATATAKE_1_DATATAKE_SENSING_START", "SENSING_TIME", "ACQUISITION_DATETIME",
        "ACQUISITION_DATE", "EXIF_DateTimeOriginal", "DATE_ACQUIRED", "TIFFTAG_DATETIME",
    ]
    private static let spans = [
        ("PRODUCT_START_TIME", "PRODUCT_STOP_TIME"),
        ("NC_GLOBAL#time_coverage_start", "NC_GLOBAL#time_coverage_end"),
        ("time_coverage_start", "time_coverage_end"),
    ]

    /// Takes the time from the scene's metadata, or else that of its file, which may be years later.
    package init(of scene: RasterReader) {
        var items = scene.metadata
        for domain in ["IMAGERY", "EXIF"] { items.merge(scene.metadata(inDomain: domain)) { first, _ in first } }
        for (start, end) in Self.spans {
            if let first = items[start].flatMap(Self.date) {
                self.init(start: first, end: items[end].flatMap(Self.date), source: start)
                return
            }
        }
        for key in Self.moments {
            // Landsat has the time of day under a key of its own.
            let time = key == "DATE_ACQUIRED" ? items["SCENE_CENTER_TIME"].map { "T" + $0 } ?? "" : ""
            if let date = items[key].flatMap({ Self.date($0 + time) ?? Self.date($0) }) {
                self.init(start: date, source: key)
                return
            }
        }
        let attributes = scene.files.first.flatMap { try? FileManager.default.attributesOfItem(atPath: $0) }
        let modified = attributes?[.modificationDate] as? Date
        self.init(start: modified ?? Date(timeIntervalSince1970: 0), source: Self.fileTime)
    }

    /// Parses ISO 8601 and what comes close to it: "2016-09-30T09:40:22.026Z", "2016:09:30 09:40:22", "2016-09-30". A
    /// time without a zone is UTC.
    static func date(_ text: String) -> Date? {
        let pattern =
            /^"?(\d{4})[-:\/](\d{2})[-:\/](\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(\.\d+)?)?\s*(Z|UTC|[+-]\d{2}:?\d{2})?)?"?$/
        guard let match = text.wholeMatch(of: pattern) else { return nil }
        var parts = DateComponents()
        parts.year = Int(match.1)
        parts.month = Int(match.2)
        parts.day = Int(match.3)
        parts.hour = match.4.flatMap { Int($0) } ?? 0
        parts.minute = match.5.flatMap { Int($0) } ?? 0
        parts.second = match.6.flatMap { Int($0) } ?? 0
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = TimeZone(secondsFromGMT: 0)!
        parts.calendar = calendar
        guard parts.isValidDate(in: calendar), let date = calendar.date(from: parts) else { return nil }
        var seconds = match.7.flatMap { Double("0" + $0) } ?? 0
        if let zone = match.8, let sign = zone.first, sign == "+" || sign == "-" {
            let digits = zone.filter(\.isNumber).compactMap(\.wholeNumberValue)
            let minutes = (digits[0] * 10 + digits[1]) * 60 + digits[2] * 10 + digits[3]
            seconds -= Double(sign == "-" ? -minutes : minutes) * 60
        }
        return date.addingTimeInterval(seconds)
    }
}
