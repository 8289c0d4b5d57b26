package import RasterIO

/// WGS 84 in the two ways that GDAL writes it, by what it has looked up before in the process.
package enum WorldGeodeticSystem {
    /// With a datum, and with the ensemble of its realisations.
    package static func both() throws -> [CoordinateReferenceSystem] {
        let ellipsoid = #"ELLIPSOID["WGS 84",6378137,298.257223563,LENGTHUNIT["metre",1]]"#
        let datum = #"DATUM["World Geodetic System 1984",\#(ellipsoid)]"#
        let members = #"MEMBER["World Geodetic System 1984 (Transit)"],MEMBER["World Geodetic System 1984 (G730)"]"#
        let ensemble =
            #"ENSEMBLE["World Geodetic System 1984 ensemble",\#(members),\#(ellipsoid),ENSEMBLEACCURACY[2.0]]"#
        let degree = #"ANGLEUNIT["degree",0.0174532925199433]"#
        return try [datum, ensemble].map {
            try CoordinateReferenceSystem(
                #"GEOGCRS["WGS 84",\#($0),PRIMEM["Greenwich",0,\#(degree)],CS[ellipsoidal,2],"#
                    + #"AXIS["latitude",north,ORDER[1],\#(degree)],AXIS["longitude",east,ORDER[2],\#(degree)],ID["EPSG",4326]]"#
            )
        }
    }
}
