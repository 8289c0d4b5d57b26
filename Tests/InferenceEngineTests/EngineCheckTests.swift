import InferenceEngine
import Testing

/// The check that every machine makes before it segments: right where the engine is right, and not otherwise.
@Suite struct EngineCheckTests {
    private static let sets = OvertileBackend.instructionSets

    @Test("every set of kernels passes", arguments: sets)
    func passes(_ set: String) throws {
        let check = try EngineCheck(OvertileBackend(instructionSet: set))
        #expect(check.failures.isEmpty, "\(check.failures)")
        #expect(check.comparisons.count > 20)
    }

    @Test("it goes through windows of rows that slide, and through oneDNN")
    func reaches() throws {
        let check = try EngineCheck(OvertileBackend())
        let chains = check.comparisons.filter { $0.layers.hasPrefix("U-Net") }
        #expect(chains.contains { $0.kernels.contains("copy") }, "no chain moved its rows")
        #expect(check.comparisons.contains { $0.kernels.contains { $0.contains("jit") || $0.contains("brg") } })
    }

    /// As oneDNN 3.7.2 did it: a window's rows go where those of a whole map of its size would lie.
    @Test("it fails where windows are taken for whole maps")
    func windowsTakenForMaps() throws {
        let backend = try OvertileBackend()
        let broken = WrappedBackend(backend, readsWindows: true) { source, destination in
            var (src, dst) = (source, destination)
            if src.parentHeight == dst.parentHeight, !src.isWhole {
                // The planes follow each other without the gaps that a window has between them.
                (src.parentHeight, dst.parentHeight) = (src.height, dst.height)
                (src.parentWidth, dst.parentWidth) = (src.width, dst.width)
                (src.top, src.left, dst.top, dst.left) = (0, 0, 0, 0)
            }
            return backend.copy(from: src, to: dst)
        }
        let check = try EngineCheck(broken)
        #expect(check.failures.contains { $0.layers.hasPrefix("U-Net") })
    }

    @Test("it fails where copies are a row too low")
    func rowTooLow() throws {
        let backend = try OvertileBackend()
        let broken = WrappedBackend(backend, readsWindows: true) { source, destination in
            var source = source
            if source.top > 0 { source.top -= 1 }
            return backend.copy(from: source, to: destination)
        }
        #expect(try !EngineCheck(broken).failures.isEmpty)
    }
}
