import StoredTensors
import WeightFiles

/// The part of a state dict that is a network, under the names that the network gives its tensors.
///
/// Training loops keep networks as attributes of something larger (`network.inc.…`), beside a loss's weights, a teacher or
/// an average of earlier weights. The prefix can be any name, and what lies beside it is not the network's.
struct NetworkPart {
    /// The tensors without the prefix.
    let stateDict: StateDict
    /// What stands before the tensors' names in the file: "network."; empty if they are all there is.
    let prefix: String
    /// The names and shapes of the tensors beside the network, as in the file.
    let beside: [(name: String, shape: [Int])]

    /// The most prefixes under which networks are looked for.
    private static let mostPrefixes = 8

    /// The tensors under a prefix.
    init(_ stateDict: StateDict, under prefix: String) {
        var part = StateDict(tensors: [], metadata: stateDict.metadata)
        var beside: [(name: String, shape: [Int])] = []
        for (name, tensor) in stateDict.tensors {
            if prefix.isEmpty || name.utf8.starts(with: prefix.utf8) {
                part.tensors.append((String(name.unicodeScalars.dropFirst(prefix.unicodeScalars.count)), tensor))
            } else {
                beside.append((name, tensor.shape))
            }
        }
        self.stateDict = part
        self.prefix = prefix
        self.beside = beside
    }

    /// Returns the prefixes under which a state dict has the landmark of a family, in the order in which their networks
    /// are preferred: those that people give a network itself, and last averages and teachers.
    static func prefixes(in stateDict: StateDict, landmarks: [String]) -> [String] {
        var prefixes: [String] = []
        for (name, _) in stateDict.tensors {
            for landmark in landmarks where name.utf8.count > landmark.utf8.count + 1 && name.hasSuffix("." + landmark)
            {
                let prefix = String(name.dropLast(landmark.count))
                if !prefixes.contains(prefix) { prefixes.append(prefix) }
            }
            if prefixes.count >= mostPrefixes { break }
        }
        let order = prefixes.enumerated().sorted {
            (rank(of: $0.element), $0.offset) < (rank(of: $1.element), $1.offset)
        }
        return order.map(\.element)
    }

    private static func rank(of prefix: String) -> Int {
        let words = prefix.lowercased()
        if ["ema", "teacher", "average", "swa", "target"].contains(where: words.contains) { return 2 }
        return ["module.", "model.", "net.", "network."].contains(prefix) ? 0 : 1
    }
}

/// The tensors of a file that belong to no layer of the network that was recognised in it.
struct StrayTensors {
    /// Their names in the file.
    private(set) var names: [String] = []
    /// True if some of them look like layers, of which a network may have been made that works only with them.
    private(set) var haveLayers = false

    /// The buffers that counters of operations (thop) leave in every module.
    private static let counters: Set = ["total_ops", "total_params"]

    init() {}

    /// Takes tensors that lie beside a network, under other prefixes.
    init(beside tensors: [(name: String, shape: [Int])]) {
        names = tensors.map(\.name)
        haveLayers = !Self.layers(of: tensors).isEmpty
    }

    /// Takes those of a network's unknown tensors that are no part of any layer: a single vector at a place where the
    /// network has nothing, as a loss's weights or a mean of the pixels, and counters.
    ///
    /// - Parameters:
    ///   - unknown: the tensors that the network does not have.
    ///   - roots: the first words of the names that it has.
    init(among unknown: [(name: String, shape: [Int])], roots: Set<Substring>) {
        let layers = Self.layers(of: unknown)
        for (name, shape) in unknown {
            let words = name.split(separator: ".", omittingEmptySubsequences: false)
            let isCounter = Self.counters.contains(String(words.last ?? "")) && shape.allSatisfy { $0 == 1 }
            let isApart = words.first.map { !roots.contains($0) } ?? true
            if isCounter || (isApart && Self.isVector(shape) && !layers.contains(Self.place(of: name))) {
                names.append(name)
            }
        }
    }

    mutating func add(_ other: StrayTensors, prefix: String) {
        names += other.names.map { prefix + $0 }
        haveLayers = haveLayers || other.haveLayers
    }

    /// Returns the places that have what a layer has: weights over pixels, a bias, or statistics.
    private static func layers(of tensors: [(name: String, shape: [Int])]) -> Set<Substring> {
        Set(
            tensors.filter { name, shape in
                !isVector(shape) || [".bias", ".running_mean", ".running_var"].contains(where: name.hasSuffix)
            }.map { place(of: $0.name) })
    }

    /// The name without its last word.
    private static func place(of name: String) -> Substring {
        name.lastIndex(of: ".").map { name[..<$0] } ?? ""
    }

    /// True for one axis at most, or for one value for each channel of a map.
    private static func isVector(_ shape: [Int]) -> Bool {
        shape.count <= 1 || (shape.count <= 4 && shape.filter { $0 != 1 }.count <= 1 && shape.first == 1)
    }
}

extension StateDict {
    /// Returns what was kept beside a network as the mean and the standard deviation of its pixels, for a message that
    /// offers them; nil if there are none.
    ///
    /// - Parameters:
    ///   - names: the tensors beside the network.
    ///   - bands: the network's bands, for each of which there is a value, unless there is one for all.
    func offeredScaling(among names: [String], bands: Int) -> String? {
        func values(_ words: [String]) -> (name: String, text: String)? {
            for (name, tensor) in tensors where names.contains(name) && (tensor.count == bands || tensor.count == 1) {
                guard words.contains(String(name.split(separator: ".").last ?? "")) else { continue }
                let elements = tensor.elements()
                guard elements.allSatisfy(\.isFinite) else { continue }
                return (name, elements.map { "\($0)" }.joined(separator: ","))
            }
            return nil
        }
        guard let mean = values(["mean", "pixel_mean", "image_mean", "img_mean"]),
            let std = values(["std", "pixel_std", "image_std", "img_std"])
        else { return nil }
        return
            "\(ModelFileError.quoted(mean.name)) and \(ModelFileError.quoted(std.name)) lie beside the network and are "
            + "not used: if pixels were scaled by them, give --mean \(mean.text) --std \(std.text)"
    }
}
