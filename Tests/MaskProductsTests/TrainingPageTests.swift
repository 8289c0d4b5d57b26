import Foundation
import MaskProducts
import RasterIO
import TestData
import Testing
import TileGeometry

/// The report of a training, without the training.
@Suite struct TrainingPageTests {
    @Test("numbers that are not there leave gaps, and single epochs are points")
    func curves() throws {
        func epoch(_ loss: Double, _ iou: Double?) -> TrainingPage.Epoch {
            .init(step: 10, loss: loss, validationLoss: nil, meanIoU: iou, meanF1: iou, rate: 0.001)
        }
        func paths(_ epochs: [TrainingPage.Epoch]) -> [String] {
            let page = TrainingPage(title: "t", epochs: epochs, bestEpoch: 1, ending: "done", classes: [])
            return page.html.matches(of: /class="line\d" d="([^"]*)"/).map { String($0.1) }
        }
        // Loss alone; nothing is held out. 1000 x 400 units, the largest number on top.
        #expect(paths([epoch(3, nil), epoch(1, nil), epoch(2, nil)]) == ["M0.0 0.0L500.0 400.0L1000.0 200.0"])
        #expect(paths([epoch(2, nil)]) == ["M500.0 200.0h0"])
        // A gap in the scores, and a loss that is no number.
        let gaps = paths([epoch(3, 0.5), epoch(.nan, nil), epoch(2, 0.7), epoch(1, 0.6)])
        #expect(gaps[0] == "M0.0 0.0M666.7 200.0L1000.0 400.0")
        #expect(gaps[1] == "M0.0 400.0M666.7 0.0L1000.0 200.0" && gaps[2] == gaps[1])
    }

    @Test("text from outside cannot become part of the page")
    func escaping() throws {
        let evil = "<script>alert(1)</script>\"'&"
        var page = try SampleTrainingPage.page()
        page.title = evil
        page.ending = evil
        page.classes[0].name = evil
        page.scenes[0].name = evil
        page.worst[0].place = evil
        page.facts.append(ReportFact(evil, evil))
        #expect(!page.html.contains("<script") && !page.html.contains("\"'&"))
        #expect(page.html.matches(of: /&lt;script&gt;/).count >= 7)
    }

    @Test("the confusion is shown by shares of what is true, as far as it can be read")
    func confusion() throws {
        var page = try SampleTrainingPage.page()
        #expect(page.html.contains("75.0 %") && page.html.contains("--share:75.0%"))
        page.classes = (0..<30).map { LegendEntry(value: $0, name: "class \($0)", color: nil) }
        page.matrix = .init((0..<30).map { row in (0..<30).map { $0 == row ? 5 : 0 } })
        #expect(!page.html.contains("What is taken for what") && page.html.contains("class 29"))
    }
}

/// A training's report as `overtile train` makes it.
enum SampleTrainingPage {
    static func page() throws -> TrainingPage {
        let classes = [
            LegendEntry(value: 0, name: "land", color: nil),
            LegendEntry(value: 1, name: "water and wetland", color: nil),
            LegendEntry(value: 2, name: "a_class_with_a_name_that_has_no_end_and_no_space", color: nil),
        ]
        var page = TrainingPage(
            title: "water.safetensors",
            epochs: (0..<24).map { index in
                let share = 1 / Double(index + 1)
                return TrainingPage.Epoch(
                    step: 100 * (index + 1), loss: 0.1 + share, validationLoss: 0.2 + share * share,
                    meanIoU: 0.9 - share / 2, meanF1: 0.95 - share / 3, rate: 0.001 * share)
            }, bestEpoch: 20, ending: "no better for 4 epochs", classes: classes)
        page.matrix = .init([[7500, 2500, 0], [100, 12_345_678, 22], [0, 1, 9]])
        page.scenes = (1...4).map {
            .init(
                name: "T33UUP_2024060\($0)T100031_TCI_10m.tif", size: "10980 x 10980",
                heldOut: "2196 x 10980 from column 0, row 0", pixels: [1_234_567, 89_012, 345])
        }
        let size = PixelSize(width: 96, height: 64)
        let pixels = (0..<size.area).map { Float($0 % 96) }
        let labels = (0..<size.area).map { UInt8($0 % 96 < 40 ? 0 : $0 % 96 < 80 ? 1 : 255) }
        let pictures = try BlockPictures(
            size: size, bands: [pixels, pixels, pixels.map { $0 > 90 ? .nan : 90 - $0 }],
            range: [0...95, 10...60, 0...90],
            truth: labels, mask: labels.map { $0 == 0 ? 2 : 1 }, classes: classes)
        page.worst = [.init(place: "\(page.scenes[0].name), column 512, row 0", meanIoU: 0.123, pictures: pictures)]
        page.best = [.init(place: "b.tif, column 0, row 256", meanIoU: 0.99, pictures: pictures)]
        page.found = [ReportFact("Bands", "B04, B03, B02"), ReportFact("Size of pixels", "10 m")]
        page.facts = [ReportFact("Seed", "1"), ReportFact("SHA-256", String(repeating: "0123456789abcdef", count: 4))]
        return page
    }
}
