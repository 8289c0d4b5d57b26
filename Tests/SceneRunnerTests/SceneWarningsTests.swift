import RasterIO
import Synchronization
import Testing

@testable import SceneRunner

/// Which scene a warning is about that comes from anywhere.
struct SceneWarningsTests {
    @Test("that which it names, else the only one; each is shown once")
    func attribution() {
        let shown = Mutex<[String]>([])
        let warnings = SceneWarnings { text in shown.withLock { $0.append(text) } }
        warnings.receive(SceneWarning(.raster, "before"))
        warnings.begin("/in/a.tif")
        warnings.receive(SceneWarning(.raster, "bad tag"))
        warnings.receive(SceneWarning(.raster, "bad tag"))
        warnings.begin("/in/b.tif")
        warnings.receive(SceneWarning(.raster, "/in/b.tif: no CRS"))
        warnings.receive(SceneWarning(.raster, "whose?"))
        #expect(warnings.messages(about: "/in/a.tif") == ["bad tag"])
        #expect(warnings.end("/in/b.tif") == ["/in/b.tif: no CRS"])
        #expect(warnings.end("/in/b.tif") == [])
        #expect(shown.withLock { $0 } == ["before", "/in/a.tif: bad tag", "/in/b.tif: no CRS", "whose?"])
    }
}
