import Foundation
import RasterIO
import TileGeometry

/// The pictures of one scene in a report, as text that stands in the page.
struct ReportPictures: Sendable {
    /// `data:` addresses of the scene, and of its mask on the same grid, transparent where there are no data.
    let scene: String
    let mask: String
    let size: PixelSize
    let legend: [LegendEntry]

    /// Beyond this, a page shows no more on any screen.
    private static let largestSide = 1600
    private static let smallestSide = 120

    /// As large as the budget allows: what pictures weigh is known only when they are made, so smaller ones follow where
    /// they weigh too much. The files are read once, or not at all where a preview is there already.
    ///
    /// - Parameters:
    ///   - preview: of both, if one was made; of use where it shows the areas of all classes.
    ///   - budget: of both together, in bytes of the page.
    /// - Returns: nil where even small ones weigh more.
    /// - Throws: as `Preview`.
    init?(scene: String, mask: String, bands: [Int]?, preview made: Preview?, budget: Int) throws(RasterError) {
        // Satellite scenes and their masks take about half a byte for each pixel, and a page 4 bytes for 3.
        var side = min(Self.largestSide, Int((Double(max(0, budget)) * 1.5 / 0.7).squareRoot()))
        guard side >= Self.smallestSide else { return nil }
        let preview: Preview
        if let made, made.showsAllAreas {
            preview = made
        } else {
            var options = PreviewOptions()
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
