import CGDAL
import FileIO
package import TileGeometry

extension RasterWriter {
    /// The properties of a raster that is to be written.
    package struct Options: Sendable {
        /// The size in pixels.
        package var size: PixelSize
        /// The number of bands.
        package var bandCount: Int
        /// The type of stored samples: `.uint8`, `.uint16` or `.float32`.
        package var sampleType: SampleType
        /// The kind of GeoTIFF.
        package var format = RasterFormat.geoTIFF
        /// Size of a tile of the file, multiples of 16; a cloud-optimised file has its own, 512 or what its creation
        /// options say.
        package var blockSize = PixelSize(width: 512, height: 512)
        /// The value of pixels without data, one for all bands; NaN for float32 only.
        package var nodata: Double?
        /// The raster's place on the ground.
        package var spatialReference = SpatialReference.none
        /// The value of a stored 1 in each band: 1/255 if 255 stands for 1. nil if samples are stored as they are.
        package var scale: Double?
        /// The descriptions of the first bands.
        package var bandNames: [String] = []
        /// The classes whose values band 1 holds: its category names, and its colour table where each has a colour and
        /// the raster is one band of integers.
        package var legend: [LegendEntry] = []
        /// The raster's own metadata, default domain.
        package var metadata: [String: String] = [:]
        /// GDAL's creation options for the format, "KEY=VALUE", which win over the module's choice.
        package var creationOptions: [String] = []
        /// True if a raster under the output's name is replaced.
        package var overwrite = false

        /// Describes a plain GeoTIFF that lies nowhere and says nothing of its values.
        package init(size: PixelSize, bandCount: Int, sampleType: SampleType) {
            self.size = size
            self.bandCount = bandCount
            self.sampleType = sampleType
        }

        /// The number of blocks that GDAL compresses at the same time, each in memory of its own. It writes them in the
        /// order in which they came, so the bytes of the file do not depend on this number.
        private static let compressionThreads = min(4, GrantedResources.current.processors)

        /// The creation options in force for a plain GeoTIFF, sorted: they make the same bytes for the same options.
        var creationItems: [String] {
            var items = [
                "BIGTIFF": "IF_SAFER",
                "BLOCKXSIZE": String(blockSize.width),
                "BLOCKYSIZE": String(blockSize.height),
                "COMPRESS": "DEFLATE",
                "INTERLEAVE": "BAND",
                "NUM_THREADS": String(Self.compressionThreads),
                "TILED": "YES",
            ]
            items.merge(userItems) { _, users in users }
            return Self.listed(items, floats: sampleType == .float32)
        }

        /// The creation options of the file that a cloud-optimised one is copied from, which is read twice and then removed.
        var draftItems: [String] {
            [
                "BIGTIFF=IF_SAFER", "BLOCKXSIZE=\(blockSize.width)", "BLOCKYSIZE=\(blockSize.height)",
                "COMPRESS=DEFLATE", "INTERLEAVE=BAND", "NUM_THREADS=\(Self.compressionThreads)", "TILED=YES",
                "ZLEVEL=1",
            ]
        }

        /// The creation options of the cloud-optimised file.
        var copyItems: [String] {
            var items = [
                "BIGTIFF": "IF_SAFER",
                "COMPRESS": "DEFLATE",
                "NUM_THREADS": String(Self.compressionThreads),
                "OVERVIEW_RESAMPLING": overviewResampling,
            ]
            items.merge(userItems) { _, users in users }
            return Self.listed(items, floats: sampleType == .float32)
        }

        /// The resampling of overviews: classes by majority, because there is nothing between water and land, and other
        /// values by the mean.
        private var overviewResampling: String {
            let items = userItems
            return (items["OVERVIEW_RESAMPLING"] ?? items["RESAMPLING"])?.uppercased()
                ?? (legend.isEmpty ? "AVERAGE" : "MODE")
        }

        /// The overviews that are made before the copy; nil for those that GDAL makes itself, or none, by the user's wish.
        var pyramid: OverviewPyramid.Method? {
            let overviews = userItems["OVERVIEWS"]?.uppercased() ?? "AUTO"
            return overviews == "AUTO" ? OverviewPyramid.Method(rawValue: overviewResampling) : nil
        }

        private var userItems: [String: String] {
            var items: [String: String] = [:]
            for option in creationOptions {
                guard let equals = option.firstIndex(of: "=") else { continue }
                items[option[..<equals].uppercased()] = String(option[option.index(after: equals)...])
            }
            return items
        }

        private static func listed(_ items: [String: String], floats: Bool) -> [String] {
            var items = items
            // Synthetic probabilities were 14 % smaller for it, and took 35 to 46 % longer; class numbers gain nothing.
            if floats, items["PREDICTOR"] == nil,
                ["DEFLATE", "LZW", "ZSTD"].contains(items["COMPRESS"]?.uppercased())
            {
                items["PREDICTOR"] = "3"
            }
            return items.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        }

        /// Makes sure that the options do not contradict each other.
        ///
        /// - Throws: `.badArgument` for what no file could be made of.
        func validate(path: String) throws(RasterError) {
            guard let reason = contradiction else { return }
            throw RasterError(.badArgument, path: path, "cannot create \(path): \(reason)")
        }

        /// Checks GDAL's creation options. GDAL ignores an option that it does not know, or uses another value, and the
        /// user would get another file than was asked for.
        ///
        /// - Throws: `.badArgument` in GDAL's words.
        func checkCreationOptions(path: String) throws(RasterError) {
            let messages = GDALMessages(keepsWarnings: true)
            let areValid = messages.during {
                guard let driver = GDALGetDriverByName(format.rawValue) else { return true }
                return CStringList(format == .geoTIFF ? creationItems : copyItems).withUnsafe {
                    GDALValidateCreationOptions(driver, $0) != 0
                }
            }
            guard !areValid else { return }
            let reason = messages.warnings.first ?? "GDAL refuses its creation options"
            throw RasterError(
                .badArgument, path: path,
                "cannot create \(path): \(reason); gdalinfo --format \(format.rawValue) lists the creation options")
        }

        /// An option that would change the numbers of classes: lossy compression, too few bits, overviews of means.
        private var lossyOption: String? {
            let lossy: [String: (String) -> Bool] = [
                "NBITS": { _ in true },
                "DISCARD_LSB": { _ in true },
                "COMPRESS": { ["JPEG", "WEBP"].contains($0) },
                "OVERVIEW_COMPRESS": { ["JPEG", "WEBP"].contains($0) },
                "MAX_Z_ERROR": { Double($0) != 0 },
                "MAX_Z_ERROR_OVERVIEW": { Double($0) != 0 },
                "OVERVIEW_RESAMPLING": { !["MODE", "NEAREST"].contains($0) },
                "RESAMPLING": { !["MODE", "NEAREST"].contains($0) },
            ]
            return userItems.sorted { $0.key < $1.key }
                .first { lossy[$0.key]?($0.value.uppercased()) == true }.map { "\($0.key)=\($0.value)" }
        }

        /// An option that would put a cloud-optimised file on another grid than its pixels'.
        private var warpingOption: String? {
            guard format == .cloudOptimized else { return nil }
            let warping = ["TILING_SCHEME", "TARGET_SRS", "RES", "EXTENT", "ALIGNED_LEVELS", "WARP_RESAMPLING"]
            return userItems.keys.sorted().first { warping.contains($0) && userItems[$0]?.uppercased() != "CUSTOM" }
        }

        private var contradiction: String? {
            let limit = Int(Int32.max)
            guard (1...limit).contains(size.width), (1...limit).contains(size.height), (1...65535).contains(bandCount)
            else { return "\(size.width) x \(size.height) pixels in \(bandCount) bands is no size of a raster" }
            guard sampleType.writing != nil else { return "samples of type \(sampleType) are not written" }
            guard blockSize.width > 0, blockSize.height > 0, blockSize.width % 16 == 0, blockSize.height % 16 == 0
            else { return "blocks of \(blockSize.width) x \(blockSize.height) pixels: sides are multiples of 16" }
            if let nodata, sampleType.bytes(of: nodata) == nil {
                return "nodata value \(nodata) is no \(sampleType)"
            }
            for option in creationOptions where option.first == "=" || !option.contains("=") {
                return "creation option \"\(option)\" is not of the form KEY=VALUE"
            }
            if !legend.isEmpty, let option = lossyOption {
                return "creation option \"\(option)\" would change the numbers of classes; leave it out"
            }
            if let option = warpingOption {
                return "creation option \(option) would move the pixels; leave it out, and warp the output afterwards"
            }
            guard bandNames.count <= bandCount else { return "\(bandNames.count) names for \(bandCount) bands" }
            for entry in legend where !(0...65535).contains(entry.value) {
                return "class value \(entry.value) is not between 0 and 65535"
            }
            return nil
        }
    }
}

/// The kinds of files that a raster can be written as. The raw values are the short names of GDAL's drivers.
///
///     var options = SegmentationOptions()
///     options.format = .cloudOptimized
public enum RasterFormat: String, CaseIterable, Sendable {
    /// A tiled GeoTIFF, as the creation options have it.
    case geoTIFF = "GTiff"
    /// A cloud-optimised GeoTIFF: overviews in the file, its directories first and the smallest overview's pixels next,
    /// so that a reader over a network gets along with few requests. Source: OGC 21-026.
    case cloudOptimized = "COG"
}
