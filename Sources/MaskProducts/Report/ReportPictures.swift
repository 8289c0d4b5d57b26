import Foundation
import RasterIO
import TileGeometry

/// The pictures of one scene in a report, encoded as text of the page.
struct ReportPictures: Sendable {
    /// The `data:` URLs of the scene, and of its mask on the same grid. Both are transparent where there is no data.
    let scene: String
    let mask: String
    let size: PixelSize
    let legend: [LegendEntry]

    /// The largest side of a picture: no screen shows more of it in the page.
    private static let largestSide = 1600
    private static let smallestSide = 120

    /// Makes pictures that are as large as the budget allows. Their size in bytes is known only when they are made, so
    /// smaller ones are made if they are too large. The files are read once, or not at all if there is a preview.
    ///
    /// - Parameters:
    ///   - preview: a preview of both files, if one was made. It is used if it shows the areas of all classes.
    ///   - budget: the most bytes that both pictures together may take in the page.
    /// - Returns: nil if even small pictures take more.
    /// - Throws: the errors of `Preview`.
    init?(scene: String, mask: String, bands: [Int]?, preview made: Preview?, budget: Int) throws(RasterError) {
        // Pictures of satellite scenes and their masks take about half a byte a pixel, and base64 needs 4 bytes for 3.
        var side = min(Self.largestSide, Int((Double(max(0, budget)) * 1.5 / 0.7).squareRoot()))
        guard side >= Self.smallestSide else { return nil }
        let preview: Preview
        if let made, made.showsAllAreas {
            preview = made
        } else {
            var options = Preview.Options()
            options.longSide = side
            options.bands = bands
            preview = try Preview(scene: scene, mask: mask, options: options)
        }
        side = min(side, max(preview.scene.size.width, preview.scene.size.height))
        while true {
            let pictures = try ReportPictures(preview, longSide: side, quality: side > 500 ? 80 : 70)
            if pictures.scene.utf8.count + pictures.mask.utf8.count <= budget {
                self = pictures
                return
            }
            side = side * 7 / 10
            guard side >= Self.smallestSide else { return nil }
        }
    }

    private init(_ preview: Preview, longSide: Int, quality: Int) throws(RasterError) {
        size = MaskLayer.reduced(preview.scene.size, to: longSide)
        legend = preview.legend
        let picture = preview.scene.reduced(to: size, by: .mean)
        scene = try Self.address(picture, picture.isOpaque ? .jpeg : .webp, quality: quality)
        mask = try Self.address(preview.mask.reduced(to: size, by: .mode), .png, quality: quality)
    }

    private static func address(
        _ picture: Picture, _ format: PictureFormat, quality: Int
    ) throws(RasterError) -> String {
        do throws(RasterError) {
            let bytes = try picture.encoded(as: format, quality: quality)
            return "data:\(format.mediaType);base64,\(Data(bytes).base64EncodedString())"
        } catch  where error.code == .unsupported && format == .webp {
            return try address(picture, .jpeg, quality: quality)
        }
    }
}
