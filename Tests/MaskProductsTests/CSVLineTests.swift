import Testing

@testable import MaskProducts

/// Names of classes and zones come from models and files of anybody's, and a spreadsheet takes some of them for formulas.
struct CSVLineTests {
    static let cases = [
        ("water", "water"), ("=1+1", "'=1+1"), ("=HYPERLINK(\"a\",\"b\")", "\"'=HYPERLINK(\"\"a\"\",\"\"b\"\")\""),
        ("@SUM(A1)", "'@SUM(A1)"), ("+cmd", "'+cmd"), ("-cmd", "'-cmd"), ("\tx", "'\tx"),
        // Numbers stay numbers.
        ("-1", "-1"), ("-0.25", "-0.25"), ("+3", "+3"), ("1e-5", "1e-5"), ("", ""),
    ]

    @Test("a text that begins like a formula is marked as a text", arguments: cases)
    func formula(_ text: String, _ written: String) { #expect(CSVLine.text([text]) == written + "\n") }
}
