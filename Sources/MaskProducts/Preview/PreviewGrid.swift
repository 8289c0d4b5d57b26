import RasterIO
import TileGeometry

/// Finds the pixels of a mask's picture in a scene on another grid, and the part of the scene that is needed for them.
struct PreviewGrid {
    /// The part of the scene that lies under the mask.
    let window: PixelWindow
    /// The size to which that part is reduced, so that its pixels are about as large as the picture's.
    let reducedSize: PixelSize
    /// The position of each pixel of the picture in the scene, height x width, in the scene's pixels from its upper
    /// left corner; NaN outside the scene.
    private let x: [Float]
    private let y: [Float]

    /// Lays a scene under a mask.
    ///
    /// - Parameter size: the size of the picture of the whole mask.
    /// - Throws: `.unsupported` if the scene cannot be laid under the mask, or shows another place.
    init(of scene: RasterReader, under mask: RasterReader, size: PixelSize) throws(RasterError) {
        let columns = (0..<size.width).map { (Double($0) + 0.5) * Double(mask.size.width) / Double(size.width) }
        let find = try Self.search(scene, mask)
        var x: [Float] = []
        var y: [Float] = []
        x.reserveCapacity(size.area)
        y.reserveCapacity(size.area)
        var (left, right, top, bottom) = (scene.size.width, 0, scene.size.height, 0)
        var steps: [Double] = []
        for row in 0..<size.height {
            let places = find(columns, (Double(row) + 0.5) * Double(mask.size.height) / Double(size.height))
            for index in columns.indices {
                let (placeX, placeY) = (places.x[index], places.y[index])
                let isInside =
                    placeX >= 0 && placeX < Double(scene.size.width) && placeY >= 0
                    && placeY < Double(scene.size.height)
                x.append(isInside ? Float(placeX) : .nan)
                y.append(isInside ? Float(placeY) : .nan)
                guard isInside else { continue }
                (left, right) = (min(left, Int(placeX)), max(right, Int(placeX) + 1))
                (top, bottom) = (min(top, Int(placeY)), max(bottom, Int(placeY) + 1))
                if row % 16 == 0, index > 0, index % 16 == 0 {
                    let step = (placeX - places.x[index - 1], placeY - places.y[index - 1])
                    let length = (step.0 * step.0 + step.1 * step.1).squareRoot()
                    if length.isFinite { steps.append(length) }
                }
            }
        }
        guard left < right, top < bottom else {
            throw RasterError(
                .unsupported, path: mask.path,
                "\(mask.path) and \(scene.path) do not overlap: they show different places; name a mask of this scene")
        }
        window = PixelWindow(x: left, y: top, width: right - left, height: bottom - top)
        steps.sort()
        // Never read many more pixels than the picture has, however the two lie to each other.
        let most = (Double(window.size.area) / Double(4 * size.area)).squareRoot()
        let step = max(1, steps.isEmpty ? 1 : steps[steps.count / 2], most)
        reducedSize = PixelSize(
            width: max(1, Int((Double(window.width) / step).rounded())),
            height: max(1, Int((Double(window.height) / step).rounded())))
        self.x = x
        self.y = y
    }

    /// Returns the index, in the reduced part of the scene, of the pixel under a pixel of the picture, or nil outside
    /// the scene. Both are counted row by row.
    func index(at place: Int) -> Int? {
        guard !x[place].isNaN else { return nil }
        func position(_ value: Float, _ start: Int, _ length: Int, _ reduced: Int) -> Int {
            min(max(0, Int((Double(value) - Double(start)) * Double(reduced) / Double(length))), reduced - 1)
        }
        let column = position(x[place], window.x, window.width, reducedSize.width)
        return position(y[place], window.y, window.height, reducedSize.height) * reducedSize.width + column
    }

    private typealias Search = (_ columns: [Double], _ row: Double) -> (x: [Double], y: [Double])

    /// Returns the way to find positions: by the georeferences, or by proportion if neither raster has one and both
    /// have the same proportions.
    private static func search(_ scene: RasterReader, _ mask: RasterReader) throws(RasterError) -> Search {
        if scene.spatialReference.hasPlace || mask.spatialReference.hasPlace {
            let alignment = try PixelToPixel(of: mask, in: scene)
            return { alignment.places(columns: $0, row: $1) }
        }
        let factor = (
            x: Double(scene.size.width) / Double(mask.size.width),
            y: Double(scene.size.height) / Double(mask.size.height)
        )
        // Sizes are rounded to whole pixels.
        guard abs(factor.x / factor.y - 1) < 2 / Double(min(mask.size.width, mask.size.height)) + 0.001 else {
            throw RasterError(
                .unsupported, path: mask.path,
                "cannot lay \(mask.path) over \(scene.path): neither says where it lies, and they have different "
                    + "proportions; name a mask of this scene")
        }
        return { columns, row in (columns.map { $0 * factor.x }, columns.map { _ in row * factor.y }) }
    }
}
