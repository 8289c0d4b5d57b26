import FileIO
package import Foundation
import Glibc
import RasterIO

/// Names of outputs, from a template: `{stem}` is the scene's name without its extension, `{model}` the model's, `{folder}`
/// the name of the folder that the scene lies in, `{date}` the day on which it is run (2026-11-21, local time).
package struct OutputNaming: Equatable, Sendable {
    /// The template where nobody gives one: the scene's own name.
    package static let standard = "{stem}.tif"

    private enum Part: Equatable, Sendable {
        case text(String)
        case stem, model, folder, date
    }

    /// The template as it was given.
    package let template: String
    private let parts: [Part]

    /// - Throws: `BatchError` for a template that cannot name files.
    package init(_ template: String) throws(BatchError) {
        func refusal(_ why: String) -> BatchError {
            BatchError(
                .usage,
                "the name \"\(template)\" \(why): give one such as \"{stem}-{model}.tif\", of {stem}, {model}, "
                    + "{folder} and {date}")
        }
        var parts: [Part] = []
        var rest = template[...]
        while let open = rest.firstIndex(where: { $0 == "{" || $0 == "}" }) {
            guard rest[open] == "{", let close = rest[open...].firstIndex(of: "}") else {
                throw refusal("has a brace without its other")
            }
            if open > rest.startIndex { parts.append(.text(String(rest[..<open]))) }
            switch rest[rest.index(after: open)..<close] {
            case "stem": parts.append(.stem)
            case "model": parts.append(.model)
            case "folder": parts.append(.folder)
            case "date": parts.append(.date)
            default: throw refusal("has {\(rest[rest.index(after: open)..<close])}, which is not known")
            }
            rest = rest[rest.index(after: close)...]
        }
        if !rest.isEmpty { parts.append(.text(String(rest))) }
        guard !template.contains("/") else { throw refusal("has a folder in it") }
        guard !template.hasPrefix("."), !template.isEmpty else { throw refusal("names hidden files, or none") }
        guard template.hasSuffix(".tif") || template.hasSuffix(".tiff") else { throw refusal("does not end in .tif") }
        self.template = template
        self.parts = parts
    }

    /// Returns the name of a scene's outputs.
    ///
    /// - Parameters:
    ///   - scene: the scene as it was named.
    ///   - model: the model's file.
    ///   - date: the day of the run.
    package func name(scene: String, model: String, date: Date) -> String {
        parts.map { part in
            switch part {
            case .text(let text): text
            case .stem: Self.plain(SceneName.stem(of: scene))
            case .model: Self.plain(FileName.stem(of: model))
            case .folder: Self.plain(FileName.last(of: FileName.folder(of: CanonicalPath.named(scene))))
            case .date: Self.day(date)
            }
        }.joined()
    }

    /// Names of a part of a container have quotes and colons in them: `NETCDF:"a.nc":sst`.
    private static func plain(_ text: String) -> String {
        String(text.map { "\"':*?<>|\\".contains($0) || ($0.asciiValue ?? 32) < 32 ? "_" : $0 })
    }

    private static func day(_ date: Date) -> String {
        var seconds = time_t(date.timeIntervalSince1970.rounded(.down))
        var parts = tm()
        localtime_r(&seconds, &parts)
        func two(_ value: Int32) -> String { value < 10 ? "0\(value)" : "\(value)" }
        return "\(parts.tm_year + 1900)-\(two(parts.tm_mon + 1))-\(two(parts.tm_mday))"
    }
}
