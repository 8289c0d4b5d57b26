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

    @Test("the way from a folder to a file")
    func relative() {
        let scene = "/data/in/b.tif"
        #expect(FileName.relative(scene, from: "/data/in") == "b.tif")
        #expect(FileName.relative(scene, from: "/data") == "in/b.tif")
        #expect(FileName.relative("/data/c.tif", from: "/data/in") == "../c.tif")
        #expect(FileName.relative("/none.tif", from: "/") == "none.tif")
        #expect(FileName.relative("/vsis3/bucket/b.tif", from: "/data") == nil)
        #expect(FileName.relative(scene, from: "/vsis3/bucket") == nil)
        #expect(FileName.relative("/vsis3/bucket/more/p.tif", from: "/vsis3/bucket") == "more/p.tif")
        #expect(FileName.relative(scene, from: "/data/none") == "../in/b.tif")
        #expect(
            FileName.relative("b/a.tif", from: "") == "b/a.tif"
                && FileName.relative("a.tif", from: "b") == "../a.tif")
    }
}
