import RasterIO
import TestData
import Testing
import TileGeometry
import Training

@testable import TrainingRunner

/// Painting over a class: what is painted, how often, and with what.
@Suite struct PlasmaTests {
    private let bench: TrainingBench
    private let side = 48

    init() throws { bench = try TrainingBench() }

    private func sampler(_ plasma: Plasma?, elastic: Double = 0) throws -> CropSampler {
        var options = bench.options
        options.augmentation.plasma = plasma
        options.augmentation.elastic = elastic
        return try CropSampler(
            bench.data(validation: 0), shape: CropShape(count: 8, height: side, width: side),
            output: PixelSize(width: side, height: side), margin: 0, options: options)
    }

    /// A crop's pixels as the network gets them, and its labels.
    private struct Crop {
        var values: [[Float]]
        var targets: [UInt8]
    }

    private func crops(_ plasma: Plasma?, elastic: Double = 0, steps: Int = 12) throws -> [Crop] {
        let (sampler, area) = (try sampler(plasma, elastic: elastic), side * side)
        return try (0..<steps).flatMap { step in
            let batch = try sampler.batch(step: step)
            return (0..<8).map { sample in
                Crop(
                    values: (0..<2).map { band in
                        Array(batch.images[(sample * 2 + band) * area..<(sample * 2 + band + 1) * area])
                    }, targets: Array(batch.targets[sample * area..<(sample + 1) * area]))
            }
        }
    }

    /// Drawn last, the paint changes nothing else of a crop: neither its place, nor its labels, nor other classes. Bent and
    /// straight crops know which pixel is what.
    @Test(arguments: [0.0, 4.0])
    func onlyTheClassIsPainted_AndItsLabelsStay(elastic: Double) throws {
        let plain = try crops(nil, elastic: elastic)
        let painted = try crops(Plasma(className: "1", share: 1), elastic: elastic)
        var (changed, ofClass, elsewhere) = (0, 0, 0)
        for (before, after) in zip(plain, painted) {
            #expect(before.targets == after.targets)
            for place in before.targets.indices {
                let isChanged = (0..<2).contains { before.values[$0][place] != after.values[$0][place] }
                if before.targets[place] == 1 { ofClass += 1 }
                if isChanged { changed += 1 }
                guard isChanged, before.targets[place] != Loss.unlabelled else { continue }
                // The soft edge reaches one pixel beyond the class, which goes on, mirrored, beyond the scene.
                let (x, y) = (place % side, place / side)
                let isBeside = (max(0, y - 1)...min(side - 1, y + 1)).contains { row in
                    (max(0, x - 1)...min(side - 1, x + 1)).contains {
                        [1, Loss.unlabelled].contains(before.targets[row * side + $0])
                    }
                }
                if !isBeside && (1..<side - 1).contains(x) && (1..<side - 1).contains(y) { elsewhere += 1 }
            }
        }
        #expect(elsewhere == 0)
        #expect(changed > ofClass / 10, "\(changed) of \(ofClass)")
    }

    @Test func theShareOfCrops_IsAsAskedFor() throws {
        let plain = try crops(nil, steps: 25)
        func share(_ share: Double) throws -> Double {
            let painted = try crops(Plasma(className: "1", share: share), steps: 25)
            return Double(zip(plain, painted).count { $0.values != $1.values }) / Double(plain.count)
        }
        let (all, half, few) = (try share(1), try share(0.5), try share(0.1))
        // Not every crop gets enough paint to be seen.
        #expect(all > 0.7 && abs(half / all - 0.5) < 0.15 && abs(few / all - 0.1) < 0.1, "\(all) \(half) \(few)")
    }

    /// Two colours far from all of the scene's: what is painted moves towards the line between them, and not beyond.
    @Test func theColours_AreThoseThatWereGiven() throws {
        let plain = try crops(nil)
        let painted = try crops(
            Plasma(className: "1", share: 1, colors: [[5000, 9000], [6000, 9000]]))
        let data = try bench.data(validation: 0)
        var strongest = [0.0, 0.0]
        for (before, after) in zip(plain, painted) {
            for band in 0..<2 {
                for place in before.targets.indices where before.values[band][place] != after.values[band][place] {
                    #expect(after.values[band][place] > before.values[band][place])
                    let value = Double(after.values[band][place]) * data.std[band] + data.mean[band]
                    strongest[band] = max(strongest[band], value)
                }
            }
        }
        // Lighter and darker by shades of plasma, of which few go far.
        #expect(strongest[0] > 4500 && strongest[0] < 12000, "\(strongest)")
        #expect(strongest[1] > 7500 && strongest[1] < 18000, "\(strongest)")
        #expect(strongest[1] > strongest[0])
    }

    @Test func whatIsHeldOut_TellsNothing_OfItsLabels() throws {
        // The strip's labels say class 1 everywhere, or nowhere: crops are the same, as far as they may be learned from.
        func images(_ label: Float) throws -> [Float] {
            let truth = bench.folder.path("strip-\(label).tif")
            try SyntheticScene.write(truth, width: bench.width, height: bench.height) { _, x, y in
                (60..<100).contains(x) ? label : Float((x / 12 + y / 20) % 3)
            }
            let data = try TrainingData(
                [TrainingData.Pair(scene: bench.scene, truth: TruthSource(path: truth))], bands: nil, nodata: nil,
                renamed: [:], validation: 0, memory: 1 << 30)
            data.scenes[0].heldOut = PixelWindow(x: 60, y: 0, width: 40, height: bench.height)
            var options = bench.options
            options.augmentation.plasma = Plasma(className: "1", share: 1, colors: [[5000, 9000]])
            let sampler = try CropSampler(
                data, shape: CropShape(count: 8, height: side, width: side),
                output: PixelSize(width: side, height: side), margin: 0, options: options)
            return try (0..<6).flatMap { try sampler.batch(step: $0).images }
        }
        #expect(try images(1) == images(2))
    }

    @Test func aClassThatIsNone_AndColoursOfOtherBands_AreRefused() throws {
        for (plasma, words) in [
            (Plasma(className: "sea", share: 1), "no such class"),
            (Plasma(className: "1", share: 1, colors: [[1, 2, 3]]), "a number for each band"),
        ] {
            let error = #expect(throws: TrainingError.self) { _ = try sampler(plasma) }
            #expect(error?.description.contains(words) == true)
        }
    }
}
