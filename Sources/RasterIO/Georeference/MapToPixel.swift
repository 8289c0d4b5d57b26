/// The way from coordinates to a raster's columns and rows: its geotransform inverted, or the polynomial through its ground
/// control points.
package final class MapToPixel {
    private enum Way {
        case transform(GeoTransform, determinant: Double)
        case polynomial(ControlPointPolynomial, back: ControlPointPolynomial)
    }

    private let way: Way

    /// Takes the way that a raster has; nil where it does not say where its pixels lie.
    package init?(_ reference: SpatialReference) {
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

    /// Turns x into columns and y into rows, NaN where there are none.
    package func pixels(_ x: inout [Double], _ y: inout [Double]) {
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

    /// Turns columns into x and rows into y, NaN where there are none.
    package func coordinates(_ columns: inout [Double], _ rows: inout [Double]) {
        switch way {
        case .transform(let transform, _):
            for index in columns.indices {
                (columns[index], rows[index]) = transform.coordinates(column: columns[index], row: rows[index])
            }
        case .polynomial(let polynomial, _): polynomial.transform(&columns, &rows)
        }
    }
}
