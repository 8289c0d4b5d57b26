import FileIO
import Testing

struct FileNameTests {
    @Test(
        "the parts of a path",
        arguments: [
            ("x/a.b.tif", "a.b.tif", "a.b", "tif", "x"), ("/a.TIF", "a.TIF", "a", "tif", "/"),
            (".a", ".a", ".a", "", "."),
            ("x.y/a", "a", "a", "", "x.y"),
        ])
    func parts(_ path: String, _ last: String, _ stem: String, _ ending: String, _ folder: String) {
        #expect(FileName.last(of: path) == last)
        #expect(FileName.stem(of: path) == stem)
        #expect(FileName.pathExtension(of: path) == ending)
        #expect(FileName.folder(of: path) == folder)
    }

    @Test("another extension")
    func otherExtension() {
        #expect(FileName.replacingExtension(of: "masks/a.tif", by: "qml") == "masks/a.qml")
        #expect(FileName.replacingExtension(of: "masks.old/a", by: "qml") == "masks.old/a.qml")
        #expect(FileName.withoutExtension("x.y/.a") == "x.y/.a")
        #expect(FileName.joined("x", "a") == "x/a")
        #expect(FileName.joined("/", "a") == "/a")
    }
}
