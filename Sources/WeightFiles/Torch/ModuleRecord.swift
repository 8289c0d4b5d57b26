import FileIO
import StoredTensors

/// A module of a network that was saved whole, and its settings.
package struct ModuleRecord: Hashable, Sendable {
    /// The module's place: "down1.conv.0"; empty for the network itself.
    package let path: String
    /// The name of its class, without that of its Python module: "LeakyReLU".
    package let type: String
    /// Its settings, as far as they are of use and plain: "negative_slope" is "0.2".
    package let settings: [String: String]

    /// Makes a record.
    package init(path: String, type: String, settings: [String: String]) {
        self.path = path
        self.type = type
        self.settings = settings
    }
}

/// Gathers the records of a network's modules, in the order of their registration.
///
/// What is not understood is left out: nothing depends on a record that is not there.
struct ModuleRecords {
    private static let keys = [
        "align_corners", "interpolation_mode", "kernel_size", "mode", "negative_slope", "padding", "scale_factor",
        "stride",
    ]
    private static let mostRecords = 10_000
    private static let largestDepth = 64
    private static let longestPath = 1024
    private static let longestText = 64

    private let heap: PickleHeap
    private(set) var records: [ModuleRecord] = []

    /// Gathers the records of a module and of those in it.
    init(_ module: PickleHeap.Object, _ heap: PickleHeap) {
        self.heap = heap
        visit(module, path: "", depth: 0)
    }

    private mutating func visit(_ module: PickleHeap.Object, path: String, depth: Int) {
        guard records.count < Self.mostRecords, depth <= Self.largestDepth, path.utf8.count <= Self.longestPath,
            let attributes = heap.attributes(of: module)
        else { return }
        var settings: [String: String] = [:]
        for key in Self.keys {
            if let value = heap.value(of: key, in: attributes), let text = text(value) { settings[key] = text }
        }
        let type = heap.type(of: module).path.split(separator: ".").last.map(String.init) ?? ""
        records.append(ModuleRecord(path: path, type: type, settings: settings))
        let isScript = ScriptWalk.isModule(module, heap)
        var inner = attributes
        if !isScript {
            guard case .dict(let modules)? = heap.value(of: "_modules", in: attributes) else { return }
            inner = modules
        }
        for case (.string(let name), .opaque(let object)) in heap[inner].prefix(Self.mostRecords) {
            if isScript, !ScriptWalk.isModule(object, heap) { continue }
            guard name.range.count <= Self.longestPath else { continue }
            visit(object, path: path.isEmpty ? heap.string(name) : "\(path).\(heap.string(name))", depth: depth + 1)
        }
    }

    /// Returns a plain value as text, or nil for any other.
    private func text(_ value: PickleValue) -> String? {
        switch value {
        case .bool(let bool): return bool ? "true" : "false"
        case .int(let int): return "\(int)"
        case .float(let float): return "\(float)"
        case .string(let text): return text.range.count <= Self.longestText ? heap.string(text) : nil
        case .tuple(let items):
            let parts = heap[items].prefix(4).compactMap { if case .int(let int) = $0 { "\(int)" } else { nil } }
            return parts.isEmpty ? nil : parts.joined(separator: ",")
        default: return nil
        }
    }
}
