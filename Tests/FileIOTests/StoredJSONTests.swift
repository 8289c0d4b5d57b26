import FileIO
import Foundation
import Testing

/// JSON of Overtile's own, after somebody has been at it.
@Suite struct StoredJSONTests {
    /// Foundation's decoder ends the process where the file ends with the bracket that is one too many, the 513th.
    @Test(arguments: ["[", "{\"a\":"])
    func aFileOfBracketsIsRefused(opening: String) {
        for count in [1, 63, 64, 65, 511, 512, 513, 514, 100_000] {
            for ending in ["", " ", "1"] {
                let data = Data((String(repeating: opening, count: count) + ending).utf8)
                #expect(throws: DecodingError.self) { try StoredJSON.decode([Int].self, from: data) }
            }
        }
    }

    /// Brackets in texts are no levels.
    @Test func textsMayHoldAnything() throws {
        let values = [String(repeating: "[{", count: 600), "\"[", "\\", "\\\"" + String(repeating: "[", count: 600)]
        #expect(try StoredJSON.decode([String].self, from: JSONEncoder().encode(values)) == values)
        let deep = Array(repeating: [[[Int]]()], count: 200)
        #expect(try StoredJSON.decode([[[[Int]]]].self, from: JSONEncoder().encode(deep)) == deep)
    }
}
