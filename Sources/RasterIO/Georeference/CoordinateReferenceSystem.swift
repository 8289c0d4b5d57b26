package import CGDAL

/// A coordinate reference system as a value.
package struct CoordinateReferenceSystem: Equatable, Sendable {
    /// WKT 2 (ISO 19162:2019), on one line.
    package let wkt: String
    /// The axis of the system that each of the data's x, y (and z) is: [2, 1] for latitude-first systems whose data
    /// nevertheless have the longitude in x, as rasters do.
    package let axisMapping: [Int]
    /// The decimal year that coordinates of a dynamic system refer to.
    package let epoch: Double?

    /// Makes a system of anything that GDAL understands: "EPSG:32633", WKT, PROJ strings. x is the easting or the longitude.
    ///
    /// - Throws: `.badArgument` if GDAL does not understand it.
    package init(_ definition: String) throws(RasterError) {
        let messages = GDALMessages()
        let handle = messages.during { () -> OGRSpatialReferenceH? in
            guard let handle = OSRNewSpatialReference(nil) else { return nil }
            if OSRSetFromUserInput(handle, definition) == OGRERR_NONE { return handle }
            OSRDestroySpatialReference(handle)
            return nil
        }
        guard let handle else {
            let reason = messages.reason(about: "", otherwise: "it is not known")
            throw RasterError(.badArgument, path: "", "cannot use coordinate system \"\(definition)\": \(reason)")
        }
        defer { OSRDestroySpatialReference(handle) }
        OSRSetAxisMappingStrategy(handle, OAMS_TRADITIONAL_GIS_ORDER)
        guard let value = CoordinateReferenceSystem(handle: handle) else {
            throw RasterError(.badArgument, path: "", "cannot write coordinate system \"\(definition)\" as WKT")
        }
        self = value
    }

    /// Copies a system that GDAL owns; nil where it is empty.
    package init?(handle: OGRSpatialReferenceH) {
        guard let text = Self.wkt(of: handle, format: "WKT2_2019") else { return nil }
        wkt = text
        var count: Int32 = 0
        let mapping = OSRGetDataAxisToSRSAxisMapping(handle, &count)
        axisMapping = UnsafeBufferPointer(start: mapping, count: Int(count)).map(Int.init)
        let year = OSRGetCoordinateEpoch(handle)
        epoch = year == 0 ? nil : year
    }

    /// WKT 2 in its edition of 2015 (ISO 19162:2015), which has no datum ensembles.
    ///
    /// In the edition of 2019 an ensemble may be there or not, by what GDAL has looked up before in the process. This
    /// text is the same either way, for what must be the same bytes in every run.
    package var wkt2015: String {
        GDALMessages().during {
            withUnsafeHandle { handle in handle.flatMap { Self.wkt(of: $0, format: "WKT2_2015") } }
        } ?? wkt
    }

    /// Returns the WKT of a system in one of GDAL's formats; nil where the system is empty, or has no such form.
    private static func wkt(of handle: OGRSpatialReferenceH, format: String) -> String? {
        var text: UnsafeMutablePointer<CChar>?
        defer { VSIFree(text) }
        let status = GDALMessages().during {
            CStringList(["FORMAT=\(format)"]).withUnsafeConstant { OSRExportToWktEx(handle, &text, $0) }
        }
        guard status == OGRERR_NONE, let text, text[0] != 0 else { return nil }
        return String(cString: text)
    }

    /// Lends the system to GDAL, which copies what it keeps; nil is passed on where GDAL cannot read the WKT.
    package func withUnsafeHandle<R>(_ body: (OGRSpatialReferenceH?) -> R) -> R { lend(wkt, body) }

    /// Lends the system without datum ensembles (`wkt2015`), for GDAL to write into a file of which every run must make the
    /// same bytes.
    package func withUnsafeRepeatableHandle<R>(_ body: (OGRSpatialReferenceH?) -> R) -> R { lend(wkt2015, body) }

    private func lend<R>(_ wkt: String, _ body: (OGRSpatialReferenceH?) -> R) -> R {
        guard let handle = OSRNewSpatialReference(wkt) else { return body(nil) }
        defer { OSRDestroySpatialReference(handle) }
        var mapping = axisMapping.map(Int32.init)
        OSRSetDataAxisToSRSAxisMapping(handle, Int32(mapping.count), &mapping)
        if let epoch { OSRSetCoordinateEpoch(handle, epoch) }
        return body(handle)
    }

    /// True for a system of heights alone, in which nothing has a place.
    package var isVertical: Bool {
        withUnsafeHandle { $0.map { OSRIsVertical($0) != 0 && OSRIsCompound($0) == 0 } ?? false }
    }

    /// Returns true if both give the same place the same coordinates, whatever their definitions call things: a file format
    /// may only be able to say the same in other words.
    package func isEquivalent(to other: CoordinateReferenceSystem) -> Bool {
        if self == other { return true }
        return GDALMessages().during {
            withUnsafeHandle { mine in
                other.withUnsafeHandle { theirs in
                    guard let mine, let theirs else { return false }
                    return CStringList(["CRITERION=EQUIVALENT"]).withUnsafeConstant {
                        OSRIsSameEx(mine, theirs, $0) != 0
                    }
                }
            }
        }
    }

    /// The name that the system's definition gives it, such as "WGS 84 / UTM zone 33N".
    package var name: String {
        GDALMessages().during {
            withUnsafeHandle { handle in handle.flatMap { OSRGetName($0) }.map { String(cString: $0) } ?? "" }
        }
    }

    /// The entry in a register, such as "EPSG:32633"; nil for a system of the file's own.
    package var identifier: String? {
        GDALMessages().during {
            withUnsafeHandle { handle in
                guard let handle, let authority = OSRGetAuthorityName(handle, nil),
                    let code = OSRGetAuthorityCode(handle, nil)
                else { return nil }
                return "\(String(cString: authority)):\(String(cString: code))"
            }
        }
    }
}
