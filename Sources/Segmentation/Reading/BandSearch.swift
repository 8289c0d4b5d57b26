import Models
import RasterIO

/// Finds the bands that a model names among those that a scene has.
struct BandSearch {
    private let scene: RasterReader
    private let candidates: [Candidate]

    /// A band of the scene's, and what it may be called.
    private struct Candidate {
        let number: Int
        let whole: String
        let words: Set<String>
        let colors: Set<String>

        init(_ band: RasterBand) {
            number = band.number
            let parts = (band.name ?? "").split { !($0.isLetter || $0.isNumber) }.map(String.init)
            whole = BandSearch.plain(band.name ?? "")
            words = Set(parts.map(BandSearch.plain))
            // Three bands count as red, green and blue to many programs, whatever they are: a name is to be trusted more.
            colors = band.name == nil ? [band.colorInterpretation.lowercased()] : BandSearch.colors(parts)
        }

        var isNameless: Bool { words.isEmpty && colors.isDisjoint(with: ["red", "green", "blue"]) }
    }

    init(_ scene: RasterReader) {
        self.scene = scene
        candidates = scene.bands.filter { !$0.isAlpha }.map(Candidate.init)
    }

    /// The scene's bands for a model's, in the model's order.
    ///
    /// Where no band of the scene has a name or a colour and there are as many as the model takes, they are taken in
    /// their order, with a warning.
    ///
    /// - Throws: `SegmentationError` listing the scene's bands where one is missing, or is not the only one of its name.
    func bands(_ wanted: Sourced<[BandSelector]>) throws -> (bands: [Int], warnings: [PlanWarning]) {
        let asksForNames = wanted.value.contains { if case .name = $0 { true } else { false } }
        if asksForNames, candidates.count == wanted.value.count, candidates.allSatisfy(\.isNameless) {
            let order = wanted.value.map(\.text).joined(separator: ", ")
            return (
                candidates.map(\.number),
                [.namelessBands(scene: scene.path, wanted: order, source: wanted.source)]
            )
        }
        do {
            return (try wanted.value.map { try number(of: $0, source: wanted.source) }, [])
        } catch {
            guard let bands = bandsWithAlpha(wanted) else { throw error }
            return bands
        }
    }

    /// The bands where only one of those that are wanted is not found, and the scene has as many in all: this one is the
    /// band that is marked as alpha, as programs mark the fourth of four bands without being asked.
    private func bandsWithAlpha(_ wanted: Sourced<[BandSelector]>) -> (bands: [Int], warnings: [PlanWarning])? {
        guard scene.bands.count == wanted.value.count, let alpha = scene.bands.first(where: \.isAlpha)?.number else {
            return nil
        }
        let found = wanted.value.map { try? number(of: $0, source: wanted.source) }
        guard found.count(where: { $0 == nil }) == 1, Set(found).count == found.count else { return nil }
        return (found.map { $0 ?? alpha }, [.alphaTakenForData(scene: scene.path, band: alpha)])
    }

    private func number(of selector: BandSelector, source: String) throws -> Int {
        switch selector {
        case .number(let number):
            guard (1...scene.bands.count).contains(number) else { throw missing(selector, "has no band", source) }
            return number
        case .name(let wanted):
            // A name as a whole before a word of one; the model's own name before what else the band is called.
            for wanted in wanted {
                let plain = Self.plain(wanted)
                let exact = candidates.filter { $0.whole == plain }
                let matches = exact.isEmpty ? candidates.filter { $0.words.contains(plain) } : exact
                if matches.count == 1 { return matches[0].number }
                if matches.count > 1 { throw missing(selector, "has several bands named", source) }
            }
            let colors = Self.colors(wanted)
            let matches = candidates.filter { !$0.colors.isDisjoint(with: colors) }
            guard matches.count == 1 else { throw missing(selector, "has no band", source) }
            return matches[0].number
        }
    }

    private func missing(_ selector: BandSelector, _ what: String, _ source: String) -> SegmentationError {
        let list = scene.bands.map { band in
            let color = band.colorInterpretation == "Undefined" ? nil : band.colorInterpretation.lowercased()
            let name = band.name ?? color
            return "\(band.number)" + (name.map { " (\($0))" } ?? "")
        }.joined(separator: ", ")
        return SegmentationError(
            .usage,
            "\(scene.path) \(what) \(selector.text), which the model takes (\(source)); its bands are \(list): "
                + "name the right ones, in the model's order, with --bands")
    }

    /// Letters and digits in lower case, numbers without zeros before them: "B04" and "b4" are the same.
    private static func plain(_ name: String) -> String {
        let letters = name.lowercased().filter { $0.isLetter || $0.isNumber }
        let plain = letters.first == "b" ? "b" + letters.dropFirst().drop { $0 == "0" } : letters
        return ["r": "red", "g": "green", "b": "blue", "nearinfrared": "nir"][plain] ?? plain
    }

    /// The colours that names stand for: scenes name their bands by colour or as the sensor does, and models do either.
    /// With their zero, the names mean the same on Sentinel-2 and in the harmonised collections; "B4" is red on one Landsat
    /// and infrared on another.
    private static func colors(_ names: [String]) -> Set<String> {
        let sensors = ["b02": "blue", "b03": "green", "b04": "red", "b08": "nir"]
        return Set(
            names.compactMap { name in
                let plain = plain(name)
                return ["red", "green", "blue", "nir"].contains(plain) ? plain : sensors[name.lowercased()]
            })
    }
}
