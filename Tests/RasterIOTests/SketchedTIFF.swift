import TileGeometry

/// A TIFF of bytes drawn up by hand, image by image, in any order of directories and pixels: cloud-optimised by default,
/// and broken in one way by each change.
struct SketchedTIFF {
    struct Image {
        var size: PixelSize
        /// Side of a tile; nil for strips of 16 rows.
        var tile: Int? = 256
        var isOverview = false
        var value: UInt8 = 1
    }

    var images: [Image] = [
        Image(size: PixelSize(width: 1100, height: 600)),
        Image(size: PixelSize(width: 550, height: 300), isOverview: true),
        Image(size: PixelSize(width: 275, height: 150), isOverview: true),
    ]
    /// In which the directories stand in the file; they are linked in the images' own order.
    var directoryOrder = [0, 1, 2]
    /// In which the pixels stand in the file.
    var dataOrder = [2, 1, 0]
    var dataComesFirst = false
    /// Bytes between the header and what follows.
    var gap = 0
    /// Whether the last tile of each image stands first.
    var reversesTiles = false
    /// "LAYOUT=…" and so on, as GDAL has it after the header.
    var metadata = ""

    /// A georeference of 10 m pixels in no system of note, and the nodata value 255.
    private static let scale: [Double] = [10, 10, 0]
    private static let tiePoint: [Double] = [0, 0, 0, 500_000, 5_000_000, 0]
    /// GTModelType projected, GTRasterType area, ProjectedCSType UTM 33N.
    private static let keys: [UInt16] = [1, 1, 0, 3, 1024, 0, 1, 1, 1025, 0, 1, 1, 3072, 0, 1, 32633]

    func bytes() -> [UInt8] {
        var result: [UInt8] = [0x49, 0x49, 42, 0, 0, 0, 0, 0]
        if !metadata.isEmpty {
            let length = String(metadata.utf8.count)
            let digits = String(repeating: "0", count: 6 - length.count) + length
            result += Array("GDAL_STRUCTURAL_METADATA_SIZE=\(digits) bytes\n\(metadata)".utf8)
        }
        result += [UInt8](repeating: 0, count: gap + result.count % 2)
        let start = result.count
        let directoryLengths = images.map { directory($0, offsets: tileOffsets($0, from: 0), at: 0, next: 0).count }
        let dataLengths = images.map { tileCount($0) * tileBytes($0) }
        var directoryOffsets = [Int](repeating: 0, count: images.count)
        var dataOffsets = directoryOffsets
        var place = start
        func placeDirectories() {
            for index in directoryOrder {
                directoryOffsets[index] = place
                place += directoryLengths[index]
            }
        }
        if !dataComesFirst { placeDirectories() }
        for index in dataOrder {
            dataOffsets[index] = place
            place += dataLengths[index]
        }
        if dataComesFirst { placeDirectories() }
        result += [UInt8](repeating: 0, count: place - start)
        for (index, image) in images.enumerated() {
            let next = index + 1 < images.count ? directoryOffsets[index + 1] : 0
            let content = directory(
                image, offsets: tileOffsets(image, from: dataOffsets[index]), at: directoryOffsets[index], next: next)
            result.replaceSubrange(directoryOffsets[index]..<directoryOffsets[index] + content.count, with: content)
            for position in dataOffsets[index]..<dataOffsets[index] + dataLengths[index] {
                result[position] = image.value
            }
        }
        result.replaceSubrange(4..<8, with: number(UInt32(directoryOffsets[0])))
        return result
    }

    private func tileCount(_ image: Image) -> Int {
        guard let tile = image.tile else { return (image.size.height + 15) / 16 }
        return ((image.size.width + tile - 1) / tile) * ((image.size.height + tile - 1) / tile)
    }

    private func tileBytes(_ image: Image) -> Int { image.tile.map { $0 * $0 } ?? image.size.width * 16 }

    private func tileOffsets(_ image: Image, from start: Int) -> [UInt32] {
        let offsets = (0..<tileCount(image)).map { UInt32(start + $0 * tileBytes(image)) }
        return reversesTiles ? offsets.reversed() : offsets
    }

    private func directory(_ image: Image, offsets: [UInt32], at place: Int, next: Int) -> [UInt8] {
        let counts = offsets.map { _ in UInt32(tileBytes(image)) }
        // Tag, type (2 text, 3 short, 4 long, 12 double), count, bytes.
        var entries: [(UInt16, UInt16, Int, [UInt8])] = [
            (254, 4, 1, number(UInt32(image.isOverview ? 1 : 0))), (256, 4, 1, number(UInt32(image.size.width))),
            (257, 4, 1, number(UInt32(image.size.height))), (258, 3, 1, number(UInt16(8))),
            (259, 3, 1, number(UInt16(1))), (262, 3, 1, number(UInt16(1))), (277, 3, 1, number(UInt16(1))),
        ]
        if let tile = image.tile {
            entries += [
                (322, 4, 1, number(UInt32(tile))), (323, 4, 1, number(UInt32(tile))),
                (324, 4, offsets.count, offsets.flatMap { number($0) }),
                (325, 4, counts.count, counts.flatMap { number($0) }),
            ]
        } else {
            entries += [
                (273, 4, offsets.count, offsets.flatMap { number($0) }), (278, 4, 1, number(UInt32(16))),
                (279, 4, counts.count, counts.flatMap { number($0) }),
            ]
        }
        if !image.isOverview {
            entries += [
                (33550, 12, 3, Self.scale.flatMap { number($0.bitPattern) }),
                (33922, 12, 6, Self.tiePoint.flatMap { number($0.bitPattern) }),
                (34735, 3, Self.keys.count, Self.keys.flatMap { number($0) }), (42113, 2, 4, Array("255\0".utf8)),
            ]
        }
        entries.sort { $0.0 < $1.0 }
        var table = number(UInt16(entries.count))
        var values: [UInt8] = []
        let valuesStart = place + 2 + 12 * entries.count + 4
        for (tag, type, count, content) in entries {
            table += number(tag) + number(type) + number(UInt32(count))
            if content.count <= 4 {
                table += content + [UInt8](repeating: 0, count: 4 - content.count)
            } else {
                table += number(UInt32(valuesStart + values.count))
                values += content + [UInt8](repeating: 0, count: content.count % 2)
            }
        }
        return table + number(UInt32(next)) + values
    }

    private func number<N: FixedWidthInteger>(_ number: N) -> [UInt8] {
        withUnsafeBytes(of: number.littleEndian) { Array($0) }
    }
}
