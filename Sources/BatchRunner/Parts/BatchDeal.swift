import FileIO
package import TileGeometry

/// The scenes of a batch, dealt among its parts so that all parts cost about the same.
///
///     let deal = BatchDeal(scenes, among: 16)
///     for portion in deal.portions(of: part) { print(deal.scenes[portion.scene].name, portion.piece ?? "whole") }
///
/// The deal follows from the names of the scenes and from their tiles alone, so that every machine finds the same one,
/// whenever it begins. Scenes that are large beside a part's share are cut into pieces of whole rows of tiles, as
/// `segment --part` cuts one scene. Scenes and pieces then go, the costliest first, each to the part that has least.
package struct BatchDeal: Sendable {
    /// A scene as far as the deal has to know it.
    package struct Scene: Sendable {
        /// The scene's canonical path.
        package let name: String
        /// The tiles of the scene; nil for one that cannot be opened or planned, which costs nothing.
        package let grid: TileGrid?

        /// Makes a scene of its canonical path and its tiles.
        package init(name: String, grid: TileGrid?) { (self.name, self.grid) = (name, grid) }

        /// The pixels of the network's input that the scene's tiles have.
        package var cost: Double { grid.map { $0.inputPixels(ofRows: 0..<$0.rows) } ?? 0 }

        /// Returns the cost of a piece of the scene.
        func cost(of piece: ScenePart) -> Double { grid.map { $0.inputPixels(ofRows: $0.tileRows(of: piece)) } ?? 0 }
    }

    /// A scene, or a piece of one that is cut, which one part has.
    package struct Portion: Hashable, Codable, Sendable {
        /// The scene's place in the list of all scenes, counted from 0.
        package let scene: Int
        /// The piece; nil for the whole scene.
        package let piece: ScenePart?

        /// Makes a portion of a scene's place in the list, and of the piece.
        package init(scene: Int, piece: ScenePart? = nil) { (self.scene, self.piece) = (scene, piece) }
    }

    /// All scenes, in the order in which they were named.
    package let scenes: [Scene]
    /// The number of parts.
    package let count: Int
    /// The portions of each part, in the order of the scenes.
    private let dealt: [[Portion]]
    /// The cost of each part, in pixels of the network's input.
    package let costs: [Double]

    /// The difference between two parts' costs, as a share of the mean, that is good enough.
    private static let tolerance = 0.05
    /// How often the size from which scenes are cut is halved.
    private static let halvings = 5

    /// Deals scenes among so many parts.
    package init(_ scenes: [Scene], among count: Int) {
        precondition((1...ScenePart.mostParts).contains(count), "a batch has parts")
        self.scenes = scenes
        self.count = count
        let mean = scenes.reduce(0) { $0 + $1.cost } / Double(count)
        var best: (spread: Double, dealt: [[Portion]], costs: [Double])?
        var most = mean
        for _ in 0...Self.halvings {
            let (dealt, costs) = Self.deal(scenes, among: count, most: most)
            let spread = (costs.max() ?? 0) - (costs.min() ?? 0)
            // Fewer pieces are better where finer ones gain nothing.
            if best.map({ spread < $0.spread }) ?? true { best = (spread, dealt, costs) }
            if spread <= Self.tolerance * mean { break }
            most /= 2
        }
        (dealt, costs) = (best!.dealt, best!.costs)
    }

    /// Returns what a part has to do.
    package func portions(of part: ScenePart) -> [Portion] { dealt[part.number - 1] }

    /// Returns the number of the part that makes each piece of a scene that is cut, in the order of the pieces.
    package func owners(ofPiecesOf scene: Int) -> [Int] {
        dealt.enumerated().flatMap { index, portions in
            portions.filter { $0.scene == scene }.compactMap { $0.piece.map { (piece: $0.number, owner: index + 1) } }
        }.sorted { $0.piece < $1.piece }.map(\.owner)
    }

    /// A digest of names and tiles of all scenes, of their order, and of who makes what. Parts of one batch have the same.
    package var digest: String {
        var lines = scenes.map { scene in
            let tiles = scene.grid.map {
                "\($0.scene.width) \($0.scene.height) \($0.tile) \($0.margin) \($0.step) \($0.rows) \($0.columns)"
            }
            return "\(scene.name)\t\(tiles ?? "")"
        }
        for portions in dealt {
            lines.append(portions.map { "\($0.scene) \($0.piece?.argument ?? "")" }.joined(separator: ","))
        }
        return SHA256.checksum(of: lines.joined(separator: "\n"))
    }

    /// Cuts what costs more than a portion may, and deals all portions.
    private static func deal(
        _ scenes: [Scene], among count: Int, most: Double
    ) -> (dealt: [[Portion]], costs: [Double]) {
        var portions: [(portion: Portion, cost: Double)] = []
        for (index, scene) in scenes.enumerated() {
            let pieces = pieces(of: scene, most: most)
            guard pieces > 1 else {
                portions.append((Portion(scene: index), scene.cost))
                continue
            }
            for piece in (1...pieces).compactMap({ ScenePart($0, of: pieces) }) {
                portions.append((Portion(scene: index, piece: piece), scene.cost(of: piece)))
            }
        }
        // The order in which the scenes were named decides nothing.
        portions.sort { one, other in
            if one.cost != other.cost { return one.cost > other.cost }
            let (name, otherName) = (scenes[one.portion.scene].name, scenes[other.portion.scene].name)
            return name != otherName
                ? name < otherName : (one.portion.piece?.number ?? 0) < (other.portion.piece?.number ?? 0)
        }
        var parts = LeastLoaded(count: count)
        var dealt = [[Portion]](repeating: [], count: count)
        for (portion, cost) in portions { dealt[parts.add(cost)].append(portion) }
        return (
            dealt.map { $0.sorted { ($0.scene, $0.piece?.number ?? 0) < ($1.scene, $1.piece?.number ?? 0) } },
            parts.loads
        )
    }

    /// Returns the number of pieces that a scene is cut into: no more than it has rows of tiles.
    private static func pieces(of scene: Scene, most: Double) -> Int {
        guard let grid = scene.grid, most > 0, scene.cost > most else { return 1 }
        let wanted = (scene.cost / most).rounded(.up)
        return Int(min(wanted, Double(min(grid.rows, ScenePart.mostParts))))
    }
}

/// The loads of parts, of which the least is found at once: a heap.
private struct LeastLoaded {
    private(set) var loads: [Double]
    /// The parts by their places in the heap, where none is before one above it.
    private var heap: [Int]

    init(count: Int) {
        loads = Array(repeating: 0, count: count)
        heap = Array(0..<count)
    }

    /// Adds a cost to the part that has least, of several the first.
    ///
    /// - Returns: its place in `loads`.
    mutating func add(_ cost: Double) -> Int {
        let part = heap[0]
        loads[part] += cost
        var place = 0
        while true {
            var least = place
            for child in [2 * place + 1, 2 * place + 2] where child < heap.count {
                if isBefore(heap[child], heap[least]) { least = child }
            }
            guard least != place else { return part }
            heap.swapAt(place, least)
            place = least
        }
    }

    private func isBefore(_ one: Int, _ other: Int) -> Bool { (loads[one], one) < (loads[other], other) }
}
