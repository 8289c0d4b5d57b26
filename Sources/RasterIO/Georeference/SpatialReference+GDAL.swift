import CGDAL

extension SpatialReference {
    /// Reads the reference of a dataset.
    init(dataset: GDALDatasetH) {
        self.init()
        var coefficients = [Double](repeating: 0, count: 6)
        if GDALGetGeoTransform(dataset, &coefficients) == CE_None { geoTransform = GeoTransform(coefficients) }
        crs = GDALGetSpatialRef(dataset).flatMap { CoordinateReferenceSystem(handle: $0) }
        if let points = GDALGetGCPs(dataset) {
            groundControlPoints = (0..<Int(GDALGetGCPCount(dataset))).map { GroundControlPoint(points[$0]) }
            groundControlPointCRS = GDALGetGCPSpatialRef(dataset).flatMap { CoordinateReferenceSystem(handle: $0) }
        }
        rationalPolynomials = CStringList.dictionary(GDALGetMetadata(dataset, "RPC"))
        let place = GDALGetMetadataItem(dataset, "AREA_OR_POINT", nil).map { String(cString: $0) }
        pixelIsPoint = place?.lowercased() == "point"
    }

    /// Makes sure that PROJ can tell what the coordinate system means, before any work is spent on a raster that has one.
    ///
    /// - Parameter path: the raster, for the message.
    /// - Throws: `.readFailed` where PROJ does not find its database.
    package func requireDatabase(path: String) throws(RasterError) {
        guard crs != nil || groundControlPointCRS != nil, let reason = Self.databaseProblem else { return }
        throw RasterError(
            .readFailed, path: path,
            "cannot use the coordinate system of \(path): \(reason); install PROJ's data, or let PROJ_DATA name their folder"
        )
    }

    /// The reason why PROJ has no database; nil where it has one.
    private static let databaseProblem: String? = {
        let messages = GDALMessages()
        let isThere = messages.during { () -> Bool in
            let system = OSRNewSpatialReference(nil)
            defer { OSRDestroySpatialReference(system) }
            return OSRImportFromEPSG(system, 4326) == OGRERR_NONE
        }
        return isThere ? nil : messages.reason(about: "", otherwise: "PROJ does not find its database proj.db")
    }()

    /// Gives a dataset that is being made this place.
    ///
    /// - Returns: false where GDAL refuses a part; its reason is with whoever collects its messages.
    func apply(to dataset: GDALDatasetH) -> Bool {
        if pixelIsPoint {
            // Before the geotransform, which the driver stores shifted by half a pixel in such files.
            guard GDALSetMetadataItem(dataset, "AREA_OR_POINT", "Point", nil) == CE_None else { return false }
        }
        if let crs, !crs.withUnsafeHandle({ $0 != nil && GDALSetSpatialRef(dataset, $0) == CE_None }) { return false }
        if let geoTransform {
            var coefficients = geoTransform.coefficients
            guard GDALSetGeoTransform(dataset, &coefficients) == CE_None else { return false }
        } else if !groundControlPoints.isEmpty, !applyGroundControlPoints(to: dataset) {
            return false
        }
        if !rationalPolynomials.isEmpty {
            let items = rationalPolynomials.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
            return CStringList(items).withUnsafe { GDALSetMetadata(dataset, $0, "RPC") == CE_None }
        }
        return true
    }

    private func applyGroundControlPoints(to dataset: GDALDatasetH) -> Bool {
        var points = groundControlPoints.map { point in
            GDAL_GCP(
                pszId: VSIStrdup(point.id), pszInfo: VSIStrdup(point.info), dfGCPPixel: point.column,
                dfGCPLine: point.row, dfGCPX: point.x, dfGCPY: point.y, dfGCPZ: point.z)
        }
        defer {
            for point in points {
                VSIFree(point.pszId)
                VSIFree(point.pszInfo)
            }
        }
        let count = Int32(points.count)
        guard let system = groundControlPointCRS else {
            return GDALSetGCPs2(dataset, count, &points, nil) == CE_None
        }
        return system.withUnsafeHandle { $0 != nil && GDALSetGCPs2(dataset, count, &points, $0) == CE_None }
    }
}

extension GroundControlPoint {
    fileprivate init(_ point: GDAL_GCP) {
        self.init(
            id: point.pszId.map { String(cString: $0) } ?? "", info: point.pszInfo.map { String(cString: $0) } ?? "",
            column: point.dfGCPPixel, row: point.dfGCPLine, x: point.dfGCPX, y: point.dfGCPY, z: point.dfGCPZ)
    }
}
