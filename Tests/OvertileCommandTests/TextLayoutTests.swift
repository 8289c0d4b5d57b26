import Testing

@testable import OvertileCommand

/// Text and tables that fit the columns of a terminal. Tests/terminal looks at them as a person does.
@Suite struct TextLayoutTests {
    @Test(
        "a text is broken at its spaces",
        arguments: [
            ("short", 5, ["short"]),
            ("one two three", 8, ["one two", "  three"]),
            ("one two three", 7, ["one two", "  three"]),
            // The spaces at a break go, and the others stay.
            ("  a  b", 6, ["  a  b"]),
            ("  aa  bb  cc", 7, ["  aa", "  bb", "  cc"]),
            // What is longer than a line is the terminal's to break, and what comes after it begins in that line.
            ("see /a/long/path for it", 8, ["see /a/long/path", "  for it"]),
            ("see /a/long/pa for it", 8, ["see /a/long/pa", "  for it"]),
            ("see /a/long/ for it", 10, ["see", "  /a/long/", "  for it"]),
            ("森林 湖水", 8, ["森林", "  湖水"]),
        ])
    func breaking(_ text: String, _ columns: Int, _ lines: [String]) {
        #expect(Text.lines(of: text, fitting: columns, indent: 2) == lines)
    }

    @Test("a cell's words are broken where they are longer than its column")
    func cells() {
        #expect(Text.lines(of: "a longword b", fitting: 4, breaksWords: true) == ["a", "long", "word", "b"])
        #expect(Text.lines(of: "森林湖水", fitting: 5, breaksWords: true) == ["森林", "湖水"])
        #expect(Text.lines(of: "", fitting: 4, breaksWords: true) == [""])
    }

    @Test("names lose their beginning, and wide letters take two columns")
    func names() {
        #expect(Text.shortened("scene.tif", columns: 9) == "scene.tif")
        #expect(Text.shortened("a scene.tif", columns: 9) == "…cene.tif")
        #expect(Text.shortened("森林.tif", columns: 7) == "…林.tif")
        #expect(Text.shortened("森林.tif", columns: 6) == "….tif")
        #expect(Text.shortened("name", columns: 0) == "")
        #expect(Text.width("e\u{301}森a") == 4)
    }

    static let rows = [
        ["/data/in/2026/first.tif", "done", "1.95", "4.4 s", "land 66.6 %, water 33.4 %"],
        [
            "/data/in/2026/second.tif", "failed", "", "",
            "it is incomplete, as after an interrupted copy; copy it again",
        ],
    ]

    @Test("each row of a table fits, at any width that is worth it", arguments: 26...140)
    func tables(_ width: Int) {
        let table = Text.columns(
            ["SCENE", "STATE", "MPX", "TIME", "RESULT"], Self.rows, numbers: [2, 3], spare: [2, 3], fitting: width)
        let lines = table.split(separator: "\n")
        #expect(lines.allSatisfy { $0.count <= width && !$0.hasSuffix(" ") }, "\(table)")
        // Nothing of a result is lost.
        #expect(table.filter { !$0.isWhitespace }.contains("again"), "\(table)")
        #expect(lines[0].contains("MPX") == (width >= 63), "\(table)")
    }

    @Test("a table of more numbers than fit has the rest below")
    func numbers() {
        let table = Text.columns([["Class", "land", "lake"], ["land", "10", "2"], ["lake", "3", "40"]], fitting: 12)
        #expect(table == "Class  land\nland     10\nlake      3\n\nClass  lake\nland      2\nlake     40")
    }

    @Test("values go on in their column")
    func values() {
        let table = Text.table([("Network", "a U-Net of four levels"), ("Bands", "3")], fitting: 20)
        #expect(table == "Network  a U-Net of\n         four levels\nBands    3")
    }

    @Test(
        "a reason of failure does not repeat the scene",
        arguments: [
            ("in/a.tif: it has no bands", "it has no bands"),
            ("in/a.tif is incomplete; copy it again", "it is incomplete; copy it again"),
            ("cannot open in/a.tif: no such file", "cannot open it: no such file"),
            ("/data/in/a.tif is a folder", "it is a folder"),
            ("in/a.tif is `in/a.tif'", "it is `it'"),
            ("other/in/a.tif.part is there", "other/in/a.tif.part is there"),
            ("the disk is full", "the disk is full"),
        ])
    func reasons(_ error: String, _ reason: String) {
        #expect(Text.reason(error, of: "/data/in/a.tif") == reason)
    }

    @Test("a part that is done is told in whole percent")
    func percentages() {
        #expect(
            [0, 1, 2, 133, 199, 200].map { Text.percentage($0, of: 200) } == [
                "0 %", "under 1 %", "1 %", "66 %", "99 %", "100 %",
            ])
    }

    @Test("the lists of the help keep their columns")
    func help() {
        let text = """
            The keys of --json:
              model         the file that was read
              tileRemainder remainder of a tile's side
                            divided by the stride
            Examples:
              overtile inspect unet.pth --scene scene.tif
            """
        #expect(
            Help.described(text, fitting: 32) == """
                The keys of --json:
                  model         the file that
                                was read
                  tileRemainder remainder of a
                                tile's side
                                divided by the
                                stride
                Examples:
                  overtile inspect unet.pth
                    --scene scene.tif
                """)
    }
}
