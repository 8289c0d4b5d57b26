import CGDAL
import TileGeometry

/// From coordinates to a raster's columns and rows: its geotransform inverted, or the polynomial through its ground
/// control points.
final class PixelLocator {
    private enum Way {
        case transform(GeoTransform, determinant: Double)
        case polynomial(ControlPointPolynomial, back: ControlPointPolynomial)
    }

    private let way: Way

    /// nil where the raster does not say where its pixels lie.
    init?(_ reference: SpatialReference) {
        if let transform = reference.geoTransform {
            let determinant = transform.columnX * transform.rowY - transform.rowX * transform.columnY
            guard determinant != 0, determinant.isFinite else { return nil }
            way = .transform(transform, determinant: determinant)
        } else {
            guard let polynomial = ControlPointPolynomial(reference.groundControlPoints),
                let back = ControlPointPolynomial(reference.groundControlPoints, isReversed: true)
            else { return nil }
            way = .polynomial(polynomial, back: back)
        }
    }

    /// x and y become columns and rows, NaN where there are none.
    func pixels(_ x: inout [Double], _ y: inout [Double]) {
        switch way {
        case .transform(let transform, let determinant):
            for index in x.indices {
                let (dx, dy) = (x[index] - transform.originX, y[index] - transform.originY)
                x[index] = (dx * transform.rowY - dy * transform.rowX) / determinant
                y[index] = (dy * transform.columnX - dx * transform.columnY) / determinant
            }
        case .polynomial(_, let back): back.transform(&x, &y)
        }
    }

    /// Where a raster lies in another system, with room for a tenth of it on each side: one box, or two where the
    /// raster crosses the antimeridian of a system of longitudes; none where the system does not reach it.
    func envelopes(
        of size: PixelSize, through transformation: OGRCoordinateTransformationH, areLongitudes: Bool
    ) -> [OGREnvelope] {
        let steps = 32
        var (x, y) = ([Double](), [Double]())
        for row in 0...steps {
            for column in 0...steps {
                x.append(Double(size.width) * Double(column) / Double(steps))
                y.append(Double(size.height) * Double(row) / Double(steps))
            }
        }
        switch way {
        case .transform(let transform, _):
            for index in x.indices { (x[index], y[index]) = transform.coordinates(column: x[index], row: y[index]) }
        case .polynomial(let polynomial, _): polynomial.transform(&x, &y)
        }
        var isKnown = [Int32](repeating: 0, count: x.count)
        OCTTransformEx(transformation, Int32(x.count), &x, &y, nil, &isKnown)
        let known = x.indices.filter { isKnown[$0] != 0 && x[$0].isFinite && y[$0].isFinite }
        let (columns, rows) = (known.map { x[$0] }.sorted(), known.map { y[$0] })
        guard let bottom = rows.min(), let top = rows.max() else { return [] }
        // Places that are close to each other, with a gap of more than a quarter of the globe between their longitudes.
        let gap = areLongitudes ? columns.indices.dropFirst().first { columns[$0] - columns[$0 - 1] > 90 } : nil
        return [columns[..<(gap ?? columns.count)], columns[(gap ?? columns.count)...]].compactMap { part in
            guard let left = part.first, let right = part.last else { return nil }
            let (roomX, roomY) = ((right - left) / 10, (top - bottom) / 10)
            return OGREnvelope(MinX: left - roomX, MaxX: right + roomX, MinY: bottom - roomY, MaxY: top + roomY)
        }
    }
}
