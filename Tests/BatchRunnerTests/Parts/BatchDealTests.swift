import Testing
import TileGeometry

@testable import BatchRunner

/// Scenes dealt among the parts of a batch.
@Suite struct BatchDealTests {
    /// A scene of tiles that keep 36 of 76 pixels: ten of them side by side, and so many rows.
    private static func scene(_ name: String, rows: Int, columns: Int = 10) -> BatchDeal.Scene {
        BatchDeal.Scene(
            name: name,
            grid: TileGrid(
                scene: PixelSize(width: 36 * columns, height: 36 * rows), tile: 76, margin: 20, step: 36, unit: 4))
    }

    private static func scenes(rows: [Int]) -> [BatchDeal.Scene] {
        rows.enumerated().map { scene("/in/\($0 * 7 % rows.count)-\($0).tif", rows: $1) }
    }

    struct Batch: CustomTestStringConvertible, Sendable {
        let scenes: [BatchDeal.Scene]
        let testDescription: String
    }

    static let batches = [
        Batch(scenes: [], testDescription: "no scene"),
        Batch(scenes: scenes(rows: [1]), testDescription: "one scene of one row, which cannot be cut"),
        Batch(scenes: scenes(rows: [4000]), testDescription: "one large scene"),
        Batch(scenes: scenes(rows: [300, 300, 300, 300]), testDescription: "as many scenes as no number of parts"),
        Batch(scenes: scenes(rows: Array(repeating: 50, count: 101)), testDescription: "many scenes of one size"),
        Batch(scenes: scenes(rows: [2000] + (0..<60).map { 3 + $0 % 5 }), testDescription: "a large one among small"),
        Batch(scenes: scenes(rows: (1...80).map { $0 * $0 }), testDescription: "of all sizes"),
        Batch(
            scenes: scenes(rows: [900, 30, 500])
                + ["/in/none.tif", "/in/bad.tif"].map { BatchDeal.Scene(name: $0, grid: nil) },
            testDescription: "with scenes that cannot be opened"),
    ]
    static let counts = [1, 2, 3, 16, 64, 1000]

    /// The portions of all parts, each with the number of its part.
    private func dealt(_ deal: BatchDeal) -> [(part: Int, portion: BatchDeal.Portion)] {
        (1...deal.count).flatMap { number in
            deal.portions(of: ScenePart(number, of: deal.count)!).map { (number, $0) }
        }
    }

    private func cost(_ portion: BatchDeal.Portion, _ deal: BatchDeal) -> Double {
        let scene = deal.scenes[portion.scene]
        return portion.piece.map { scene.cost(of: $0) } ?? scene.cost
    }

    @Test("each scene is in one part, or each of its pieces is", arguments: batches, counts)
    func once(_ batch: Batch, count: Int) {
        let deal = BatchDeal(batch.scenes, among: count)
        var found: [Int: [BatchDeal.Portion]] = [:]
        for (_, portion) in dealt(deal) { found[portion.scene, default: []].append(portion) }
        #expect(found.keys.sorted() == Array(batch.scenes.indices))
        for (scene, portions) in found {
            guard let pieces = portions.first?.piece?.count else {
                #expect(portions == [BatchDeal.Portion(scene: scene)])
                continue
            }
            #expect(pieces > 1 && pieces <= batch.scenes[scene].grid!.rows)
            #expect(portions.compactMap { $0.piece?.number }.sorted() == Array(1...pieces))
            // Who makes a piece is told by its number.
            for (index, owner) in deal.owners(ofPiecesOf: scene).enumerated() {
                let piece = ScenePart(index + 1, of: pieces)!
                #expect(
                    deal.portions(of: ScenePart(owner, of: count)!).contains(.init(scene: scene, piece: piece)))
            }
        }
    }

    @Test(
        "no two parts differ by more than the costliest portion, nor by 5 % where rows allow it", arguments: batches,
        counts)
    func balance(_ batch: Batch, count: Int) {
        let deal = BatchDeal(batch.scenes, among: count)
        var costs = [Double](repeating: 0, count: count)
        for (part, portion) in dealt(deal) { costs[part - 1] += cost(portion, deal) }
        #expect(zip(costs, deal.costs).allSatisfy { abs($0 - $1) <= 1e-9 * $0 })
        let total = batch.scenes.reduce(0) { $0 + $1.cost }
        #expect(abs(costs.reduce(0, +) - total) <= 1e-9 * total)
        let spread = costs.max()! - costs.min()!
        let costliest = dealt(deal).map { cost($0.portion, deal) }.max() ?? 0
        #expect(spread <= costliest * 1.000001)
        // A part of fewer than a hundred rows cannot be so near to the mean.
        let rows = batch.scenes.reduce(0) { $0 + ($1.grid?.rows ?? 0) }
        if rows >= 100 * count { #expect(spread <= 0.05 * total / Double(count)) }
    }

    @Test("the order in which scenes are named decides nothing", arguments: batches, counts)
    func order(_ batch: Batch, count: Int) {
        func parts(_ scenes: [BatchDeal.Scene]) -> [String: Int] {
            let deal = BatchDeal(scenes, among: count)
            let pairs = dealt(deal).map {
                ("\(scenes[$0.portion.scene].name) \($0.portion.piece?.argument ?? "")", $0.part)
            }
            return Dictionary(pairs, uniquingKeysWith: { $1 })
        }
        #expect(parts(batch.scenes) == parts(batch.scenes.reversed()))
        let half = batch.scenes.count / 2
        #expect(parts(batch.scenes) == parts(Array(batch.scenes[half...] + batch.scenes[..<half])))
    }

    @Test("nothing is cut where whole scenes are dealt well enough")
    func whole() {
        for count in [1, 2, 4, 8] {
            let deal = BatchDeal(Self.scenes(rows: Array(repeating: 9, count: 8)), among: count)
            #expect(dealt(deal).allSatisfy { $0.portion.piece == nil })
        }
    }

    @Test("the digest tells scenes, sizes, order and number of parts apart")
    func digest() {
        let scenes = Self.scenes(rows: [5, 6, 7])
        let digests = [
            BatchDeal(scenes, among: 2), BatchDeal(scenes, among: 3), BatchDeal(scenes.reversed(), among: 2),
            BatchDeal(Array(scenes.dropLast()), among: 2), BatchDeal(Self.scenes(rows: [5, 6, 8]), among: 2),
            BatchDeal(Array(scenes.dropLast()) + [Self.scene("/in/other.tif", rows: 7)], among: 2),
            BatchDeal(Array(scenes.dropLast()) + [Self.scene(scenes[2].name, rows: 7, columns: 11)], among: 2),
        ].map(\.digest)
        #expect(Set(digests).count == digests.count)
        #expect(BatchDeal(scenes, among: 2).digest == digests[0])
    }
}
