import Foundation
import TestData
import Testing

/// Whatever is made of a scene has the same bytes for any number of workers.
struct WorkerCountTests {
    @Test("one, two and five workers: the same masks, confidences, polygons, numbers and pictures")
    func same() throws {
        let bench = try Workbench()
        var first: [String: Data] = [:]
        for workers in [1, 2, 5] {
            let outcome = try bench.segment(
                "--workers", "\(workers)", "--tile", "60", "--overwrite", "--confidence",
                bench.output("confidence.tif"),
                "--probabilities", bench.output("probabilities.tif"), "--classes", "land,water")
            #expect(outcome.status == 0, "\(outcome.errors)")
            let mask = bench.output()
            for words in [
                [
                    "polygonize", mask, "-o", bench.output("polygons.gpkg"), "--confidence",
                    bench.output("confidence.tif"),
                ],
                ["stats", mask, "-o", bench.output("numbers.csv")],
                ["preview", bench.scene, mask, "-o", bench.output("picture.png")],
            ] {
                let outcome = try CommandProcess.run(words + ["--overwrite"])
                #expect(outcome.status == 0, "\(words): \(outcome.errors)")
            }
            var made: [String: Data] = [:]
            for name in try bench.outputs {
                made[name] = try Data(contentsOf: URL(fileURLWithPath: bench.output(name)))
            }
            #expect(made.count >= 6)
            if first.isEmpty { first = made }
            for (name, bytes) in made { #expect(bytes == first[name], "\(name), \(workers) workers") }
            #expect(Set(made.keys) == Set(first.keys))
        }
    }
}
