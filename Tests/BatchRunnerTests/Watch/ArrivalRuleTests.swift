import BatchRunner
import FileIO
import Testing

/// When an upload counts as complete, by times alone.
struct ArrivalRuleTests {
    /// Seconds since the content was written (`written`), since the last rename or change of rights (`changed`), and so on;
    /// the rule waits for 60.
    struct Case: CustomTestStringConvertible, Sendable {
        var written = 10
        /// By default the same, as writing has it.
        var changed: Int?
        var marker: Int?
        var wasRenamed = false
        /// How far the folder's clock is ahead of this machine's.
        var skew = 0
        /// Since this machine first saw the file like this.
        var observed: Int?
        let expected: ArrivalRule.Verdict
        let testDescription: String
    }

    private static func seconds(_ number: Int) -> Int { number * 1_000_000_000 }

    static let cases = [
        Case(written: 0, expected: .wait(seconds(60)), testDescription: "written this moment"),
        Case(written: 59, expected: .wait(seconds(1)), testDescription: "not yet"),
        Case(written: 60, expected: .settled(seconds(60)), testDescription: "at once where it is old enough"),
        Case(written: 1, changed: 0, expected: .wait(seconds(59)), testDescription: "rights given while it is written"),
        Case(
            written: 3600, changed: 0, expected: .renamed,
            testDescription: "renamed into place, its content long settled"),
        Case(
            written: 90, changed: 5, skew: 10_000, expected: .renamed,
            testDescription: "the same, told by one clock alone"),
        Case(wasRenamed: true, expected: .renamed, testDescription: "seen being renamed"),
        Case(marker: 10, expected: .marked, testDescription: "a marker as old as the content"),
        Case(marker: 2, expected: .marked, testDescription: "a marker younger than the content"),
        Case(marker: 11, expected: .wait(seconds(50)), testDescription: "a marker of the upload before"),
        Case(written: 10, skew: 3600, expected: .wait(seconds(50)), testDescription: "the folder's clock is ahead"),
        Case(written: 10, skew: -3600, expected: .wait(seconds(50)), testDescription: "the folder's clock is behind"),
        Case(
            written: -5000, observed: 60, expected: .settled(seconds(60)),
            testDescription: "a time in the future, seen for long enough"),
        Case(
            written: -5000, observed: 20, expected: .wait(seconds(40)),
            testDescription: "a time in the future, seen a little while ago"),
        Case(
            written: -5000, observed: -30, expected: .wait(seconds(60)),
            testDescription: "seen in the future, as a clock was set back"),
    ]

    @Test("a verdict for each", arguments: cases)
    func verdict(_ arrival: Case) {
        let local = Self.seconds(1_700_000_000)
        let folder = local + Self.seconds(arrival.skew)
        let file = ScannedFile(
            path: "/in/a.tif", stamp: FileStamp(size: 1, modified: folder - Self.seconds(arrival.written)),
            changed: folder - Self.seconds(arrival.changed ?? arrival.written))
        let verdict = ArrivalRule(settle: .seconds(60)).verdict(
            file, marked: arrival.marker.map { folder - Self.seconds($0) }, wasRenamed: arrival.wasRenamed,
            folderTime: folder, localTime: local, observed: arrival.observed.map { local - Self.seconds($0) })
        #expect(verdict == arrival.expected)
    }

    /// Whoever uploads a file chooses its times, and tmpfs stores any of 64 bits: a difference of two ended the program.
    @Test(
        "times that no file should have", arguments: [Int.min, Int.min + 1, 0, Int.max],
        [Int.min, 0, 1_700_000_000_000_000_000, Int.max])
    func extremes(modified: Int, changed: Int) {
        let rule = ArrivalRule(settle: .seconds(60))
        let now = Self.seconds(1_700_000_000)
        for observed in [nil, Int.min, now, Int.max] {
            let file = ScannedFile(path: "/in/a.tif", stamp: FileStamp(size: 1, modified: modified), changed: changed)
            let verdict = rule.verdict(
                file, marked: nil, wasRenamed: false, folderTime: now, localTime: now, observed: observed)
            if modified == .max, changed == .min, observed != .min { #expect(verdict == .wait(Self.seconds(60))) }
            if modified <= 0, observed == nil { #expect(verdict != .wait(Self.seconds(60))) }
        }
    }
}
