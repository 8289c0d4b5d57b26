import TileGeometry

/// Rules about the layout of a GeoTIFF in its file, in particular of a cloud-optimised one.
struct TIFFLayoutRules {
    let directories: [TIFFDirectory]
    let header: TIFFHeader
    let metadata: StructuralMetadata?
    let format: RasterFormat

    /// The largest side of a raster that needs neither tiles nor overviews.
    private static let smallSide = 512

    private var image: TIFFDirectory { directories[0] }
    private var overviews: [TIFFDirectory] { directories.filter { $0.kind == .overview } }

    func judge(_ found: inout Findings) {
        judgeTiles(&found)
        judgeOverviews(&found)
        guard format == .cloudOptimized else { return }
        judgeDirectoryOrder(&found)
        judgeDataOrder(&found)
        if metadata?.items["KNOWN_INCOMPATIBLE_EDITION"] == "YES" {
            found.error("it was changed after it had been optimised: make it anew")
        }
    }

    private func isLarge(_ directory: TIFFDirectory) -> Bool {
        max(directory.size.width, directory.size.height) > Self.smallSide
    }

    private func judgeTiles(_ found: inout Findings) {
        for directory in directories where isLarge(directory) && !directory.isTiled {
            let text = "\(directory.name) has strips and no tiles: a window of it takes reading whole rows"
            if format == .cloudOptimized { found.error(text) } else { found.warn(text) }
        }
    }

    /// Checks the overviews: each is about half as wide and high as the one before, until one fits into a tile.
    private func judgeOverviews(_ found: inout Findings) {
        guard isLarge(image) || !overviews.isEmpty else { return }
        guard !overviews.isEmpty else {
            let text = "it has no overviews in it: a view of the whole takes reading all of it"
            if format == .cloudOptimized { found.error(text) } else { found.warn(text) }
            return
        }
        var above = image
        for overview in overviews {
            if overview.size.width > above.size.width || overview.size.height > above.size.height
                || overview.size.area >= above.size.area
            {
                found.error("\(overview.name) comes after \(above.name), which is no larger")
            } else if !isHalf(overview.size, of: above.size) {
                let factor = Double(above.size.width) / Double(overview.size.width)
                found.warn(
                    "\(overview.name) is not of half the width and height of \(above.name), but smaller by "
                        + "\((factor * 10).rounded() / 10)")
            }
            above = overview
        }
        if isLarge(above) {
            found.warn("\(above.name) is the smallest: a view of the whole takes reading more than a tile")
        }
    }

    /// Returns true if a size is about half of another. Writers round up or down, and errors add up from overview to
    /// overview.
    private func isHalf(_ size: PixelSize, of above: PixelSize) -> Bool {
        abs(2 * size.width - above.width) <= 3 && abs(2 * size.height - above.height) <= 3
    }

    /// Checks the directories: the first one follows the header, all come before the pixels, and those of overviews
    /// come after the raster's own.
    private func judgeDirectoryOrder(_ found: inout Findings) {
        let start = metadata?.end ?? header.length
        // A directory begins at an even place.
        if image.offset > start + 1 {
            found.error("its first directory is at byte \(image.offset), and not after the header at \(start)")
        }
        for (directory, next) in zip(directories, directories.dropFirst()) where next.offset < directory.offset {
            found.error("the directory of \(next.name) lies before that of \(directory.name)")
        }
        let firstData = directories.compactMap(\.data?.lowerBound).min() ?? .max
        for directory in directories where directory.offset > firstData {
            found.error("the directory of \(directory.name) lies after pixels: readers look for it at the start")
        }
    }

    /// Checks the pixels: those of the smallest overview come first and the raster's own last, each with its tiles row
    /// by row.
    private func judgeDataOrder(_ found: inout Findings) {
        let images = directories.filter { $0.kind != .mask && $0.data != nil }
        for (directory, next) in zip(images, images.dropFirst()) {
            if let data = directory.data, let nextData = next.data, nextData.lowerBound > data.lowerBound {
                found.error("the pixels of \(directory.name) lie before those of \(next.name)")
            }
        }
        for directory in directories where !directory.isRowMajor {
            found.warn("the blocks of \(directory.name) do not follow each other row by row")
        }
    }
}
