import MaskProducts
import Testing

@testable import SceneRunner

/// The part of a ledger's digest that tells how products are made.
struct ProductOptionsTests {
    /// Ledgers hold digests of these texts: where one of them changes, every scene of every ledger is run again.
    @Test("the texts of known options are those that they always had")
    func texts() {
        var options = ProductOptions()
        #expect(
            options.text
                == "ProductOptions(polygons: GISOutputs.PolygonOptions(minimumArea: 0.0, tolerance: nil, classes: [], "
                + "connectedness: GISOutputs.Connectedness.four, overwrite: false), zones: nil)")
        (options.polygons.minimumArea, options.polygons.tolerance) = (2.5, 1)
        (options.polygons.classes, options.polygons.connectedness) = (["land", "2"], .eight)
        options.zones = MaskStatistics.ZoneLayer(path: "a \"b\".gpkg", field: "name")
        #expect(
            options.text
                == "ProductOptions(polygons: GISOutputs.PolygonOptions(minimumArea: 2.5, tolerance: Optional(1.0), "
                + #"classes: ["land", "2"], connectedness: GISOutputs.Connectedness.eight, overwrite: false), "#
                + #"zones: Optional(GISOutputs.ZoneLayer(path: "a \"b\".gpkg", layer: nil, field: Optional("name"))))"#)
    }

    /// An option that is not in the text would let a ledger take an old product for a new one.
    @Test("every option is in the text")
    func complete() {
        var options = ProductOptions()
        options.zones = MaskStatistics.ZoneLayer(path: "zones.gpkg")
        options.polygons.hasStyle = false
        for value in [options, options.polygons, options.zones!] as [Any] {
            for name in Mirror(reflecting: value).children.compactMap(\.label) {
                #expect(options.text.contains("\(name): "))
            }
        }
    }
}
