// swift-tools-version:6.2
import PackageDescription

/// One set of rules for every Swift target: Swift 6, explicit imports, warnings are errors.
let swiftRules: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableExperimentalFeature("Lifetimes"),
    .treatAllWarnings(as: .error),
]

/// A misspelt ISA in a target attribute would silently drop it: `ignored-attributes` makes that an error.
let cRules: [CSetting] = [
    .treatAllWarnings(as: .error)
]

func room(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: swiftRules)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, path: "Tests/\(name)", swiftSettings: swiftRules)
}

let package = Package(
    name: "overtile",
    products: [
        .library(name: "Overtile", targets: ["Overtile"]),
        .executable(name: "overtile", targets: ["OvertileCommand"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.6.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.0.0"),
    ],
    targets: [
        // Our own kernels, and shims around system libraries.
        .target(name: "COvertileKernels", cSettings: cRules),
        .systemLibrary(name: "CGDAL", pkgConfig: "gdal", providers: [.apt(["libgdal-dev"])]),
        .systemLibrary(name: "CTIFF", pkgConfig: "libtiff-4", providers: [.apt(["libtiff-dev"])]),
        .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
        .target(
            name: "COneDNN", dependencies: ["COvertileKernels"], cSettings: cRules,
            linkerSettings: [.linkedLibrary("dnnl"), .linkedLibrary("gomp")]),

        // The rooms, from the ground up; arrows point only to rooms above.
        room("TileGeometry", []),
        room("Tensors", []),
        room("NetworkGraph", ["Tensors"]),
        room("ModelWeights", ["NetworkGraph", "Tensors"]),
        room("RasterIO", ["CGDAL", "CSQLite", "CTIFF", "TileGeometry"]),
        room("InferenceEngine", ["NetworkGraph", "Tensors", "COneDNN", "COvertileKernels"]),
        room(
            "Segmentation", ["InferenceEngine", "ModelWeights", "NetworkGraph", "RasterIO", "Tensors", "TileGeometry"]),
        room("GISOutputs", ["RasterIO", "TileGeometry"]),
        room(
            "BatchRunner",
            [
                "GISOutputs", "InferenceEngine", "ModelWeights", "RasterIO", "Segmentation", "TileGeometry",
                .product(name: "Logging", package: "swift-log"), .product(name: "GRDB", package: "GRDB.swift"),
            ]),
        room(
            "Overtile",
            [
                "BatchRunner", "GISOutputs", "InferenceEngine", "ModelWeights", "NetworkGraph", "RasterIO",
                "Segmentation", "Tensors",
                "TileGeometry",
            ]),
        .executableTarget(
            name: "OvertileCommand",
            dependencies: [
                "Overtile", .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: swiftRules),

        // Tests, room by room; TestData, TestMaps and TestNetworks hold what several of them use.
        tests("TileGeometryTests", ["TileGeometry"]),
        tests("NetworkGraphTests", ["NetworkGraph", "Tensors", "TestNetworks"]),
        tests("InferenceEngineTests", ["InferenceEngine", "NetworkGraph", "Tensors", "TestMaps", "TestNetworks"]),
        tests("RasterIOTests", ["RasterIO", "TileGeometry", "TestData"]),
        tests(
            "ModelWeightsTests", ["ModelWeights", "NetworkGraph", "Tensors", "TestData", "TestMaps", "TestNetworks"]),
        tests("GISOutputsTests", ["GISOutputs", "RasterIO", "TileGeometry", "TestData"]),
        tests(
            "BatchRunnerTests",
            [
                "BatchRunner", "ModelWeights", "RasterIO", "Segmentation", "TileGeometry", "TestData", "TestNetworks",
                .product(name: "Logging", package: "swift-log"), .product(name: "GRDB", package: "GRDB.swift"),
            ]),
        tests("COneDNNTests", ["COneDNN", "TestMaps"]),
        tests("COvertileKernelsTests", ["COvertileKernels", "TestMaps"]),
        .executableTarget(
            name: "overtile-benchmarks",
            dependencies: [
                "InferenceEngine", "ModelWeights", "NetworkGraph", "RasterIO", "Segmentation", "Tensors", "TestData",
                "TestMaps", "TestNetworks", "TileGeometry",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "Tests/Benchmarks", exclude: ["peers.py", "polygons.py"], swiftSettings: swiftRules),
        tests(
            "SegmentationTests",
            [
                "Segmentation", "InferenceEngine", "ModelWeights", "NetworkGraph", "RasterIO", "TileGeometry",
                "TestData",
                "TestNetworks",
            ]),
        .testTarget(
            name: "OvertileCommandTests",
            dependencies: [
                "OvertileCommand", "BatchRunner", "InferenceEngine", "RasterIO", "TileGeometry", "TestData",
                "TestMaps", "TestNetworks", .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "Tests/OvertileCommandTests", exclude: ["Snapshots"], swiftSettings: swiftRules),
        .target(
            name: "TestData", dependencies: ["RasterIO", "TileGeometry"], path: "Tests/TestData",
            swiftSettings: swiftRules),
        .target(name: "TestMaps", path: "Tests/TestMaps", swiftSettings: swiftRules),
        .target(
            name: "TestNetworks", dependencies: ["NetworkGraph", "Tensors", "TestMaps"], path: "Tests/TestNetworks",
            swiftSettings: swiftRules),
    ],
    swiftLanguageModes: [.v6]
)
