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

/// The commit that examples/packaging/deb.sh builds, which its program tells with its version. Git is not asked here: SwiftPM
/// remembers what it heard, and would tell an earlier commit. A build that is not told one tells none.
let commit = Context.environment["OVERTILE_COMMIT"] ?? ""
guard commit.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") }) else {
    fatalError("OVERTILE_COMMIT is '\(commit)', which is no commit: give letters, digits and -, as 1a2b3c4d5e6f-dirty")
}

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
        .target(
            name: "COvertileVersion",
            cSettings: cRules + (commit.isEmpty ? [] : [.define("OVERTILE_COMMIT", to: "\"\(commit)\"")])),
        .systemLibrary(name: "CGDAL", pkgConfig: "gdal", providers: [.apt(["libgdal-dev"])]),
        .systemLibrary(name: "CTIFF", pkgConfig: "libtiff-4", providers: [.apt(["libtiff-dev"])]),
        .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
        .systemLibrary(name: "CFontconfig", pkgConfig: "fontconfig", providers: [.apt(["libfontconfig-dev"])]),
        .systemLibrary(name: "CLinux"),
        .target(
            name: "COneDNN", dependencies: ["COvertileKernels"], cSettings: cRules,
            linkerSettings: [.linkedLibrary("dnnl"), .linkedLibrary("gomp")]),

        // The rooms, from the ground up; arrows point only to rooms above.
        room("TileGeometry", []),
        room("FileIO", ["CLinux"]),
        room("StoredTensors", ["FileIO"]),
        room("NetworkGraph", []),
        room("WeightFiles", ["FileIO", "StoredTensors"]),
        room("ONNXReader", ["FileIO", "NetworkGraph", "StoredTensors"]),
        room("ONNXWriter", ["FileIO", "NetworkGraph", "StoredTensors"]),
        room(
            "Models", ["FileIO", "NetworkGraph", "ONNXReader", "ONNXWriter", "StoredTensors", "WeightFiles"]),
        room("RasterIO", ["CGDAL", "CTIFF", "FileIO", "TileGeometry"]),
        room("VectorIO", ["CGDAL", "CLinux", "CSQLite", "FileIO", "RasterIO", "TileGeometry"]),
        room("InferenceEngine", ["NetworkGraph", "COneDNN", "COvertileKernels"]),
        room(
            "Training",
            ["COvertileKernels", "InferenceEngine", "Models", "NetworkGraph", "StoredTensors", "WeightFiles"]),
        room(
            "Segmentation",
            [
                "CLinux", "COvertileVersion", "FileIO", "InferenceEngine", "Models", "NetworkGraph", "RasterIO",
                "TileGeometry", "VectorIO",
            ]),
        room("MaskProducts", ["CFontconfig", "FileIO", "RasterIO", "TileGeometry", "VectorIO"]),
        room(
            "SceneRunner",
            [
                "FileIO", "MaskProducts", "Models", "RasterIO", "Segmentation", "TileGeometry",
                .product(name: "Logging", package: "swift-log"),
            ]),
        room(
            "BatchRunner",
            [
                "CLinux", "FileIO", "InferenceEngine", "Models", "RasterIO", "SceneRunner", "Segmentation",
                "TileGeometry",
                .product(name: "Logging", package: "swift-log"), .product(name: "GRDB", package: "GRDB.swift"),
            ]),
        room(
            "TrainingRunner",
            [
                "FileIO", "InferenceEngine", "MaskProducts", "Models", "NetworkGraph", "RasterIO", "Segmentation",
                "StoredTensors", "TileGeometry", "Training", "VectorIO", "WeightFiles",
            ]),
        room(
            "Overtile",
            [
                "BatchRunner", "FileIO", "MaskProducts", "InferenceEngine", "Models", "NetworkGraph", "RasterIO",
                "SceneRunner", "Segmentation", "StoredTensors", "TileGeometry", "Training", "TrainingRunner",
                "VectorIO",
            ]),
        .executableTarget(
            name: "OvertileCommand",
            dependencies: [
                "Overtile", .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: swiftRules),

        // Tests, room by room; TestData, TestMaps, TestNetworks and TestModelFiles hold what several of them use.
        tests("TileGeometryTests", ["TileGeometry"]),
        tests("NetworkGraphTests", ["NetworkGraph", "TestNetworks"]),
        tests("InferenceEngineTests", ["InferenceEngine", "NetworkGraph", "TestMaps", "TestNetworks"]),
        tests("FileIOTests", ["FileIO", "TestData"]),
        tests("RasterIOTests", ["CGDAL", "FileIO", "RasterIO", "TileGeometry", "TestData"]),
        tests("VectorIOTests", ["FileIO", "RasterIO", "TileGeometry", "TestData", "VectorIO"]),
        tests(
            "WeightFilesTests",
            ["WeightFiles", "FileIO", "StoredTensors", "TestData", "TestMaps", "TestModelFiles", "TestNetworks"]),
        tests(
            "ONNXReaderTests",
            ["ONNXReader", "NetworkGraph", "StoredTensors", "TestData", "TestMaps", "TestModelFiles", "TestNetworks"]),
        tests(
            "ONNXWriterTests",
            [
                "ONNXWriter", "InferenceEngine", "NetworkGraph", "ONNXReader", "StoredTensors", "TestData", "TestMaps",
                "TestNetworks",
            ]),
        .testTarget(
            name: "ModelsTests",
            dependencies: [
                "FileIO", "InferenceEngine", "Models", "NetworkGraph", "StoredTensors", "WeightFiles", "TestData",
                "TestNetworks",
            ],
            path: "Tests/ModelsTests", exclude: ["Networks"], swiftSettings: swiftRules),
        tests(
            "TrainingTests",
            [
                "Training", "COvertileKernels", "Models", "NetworkGraph", "StoredTensors", "WeightFiles", "TestData",
                "TestMaps",
            ]),
        tests(
            "TrainingRunnerTests",
            [
                "TrainingRunner", "FileIO", "MaskProducts", "Models", "RasterIO", "Segmentation", "TileGeometry",
                "Training", "TestData",
            ]),
        tests("MaskProductsTests", ["FileIO", "MaskProducts", "RasterIO", "TileGeometry", "TestData", "VectorIO"]),
        tests(
            "SceneRunnerTests",
            [
                "SceneRunner", "FileIO", "MaskProducts", "Models", "RasterIO", "Segmentation", "TestData",
                "TestNetworks", "TileGeometry", .product(name: "Logging", package: "swift-log"),
            ]),
        tests(
            "BatchRunnerTests",
            [
                "BatchRunner", "FileIO", "MaskProducts", "Models", "RasterIO", "SceneRunner", "Segmentation",
                "TileGeometry",
                "TestData",
                "TestNetworks",
                .product(name: "Logging", package: "swift-log"), .product(name: "GRDB", package: "GRDB.swift"),
            ]),
        tests("COneDNNTests", ["COneDNN", "TestMaps"]),
        tests("COvertileKernelsTests", ["COvertileKernels", "TestMaps"]),
        .executableTarget(
            name: "overtile-benchmarks",
            dependencies: [
                "InferenceEngine", "Models", "NetworkGraph", "RasterIO", "Segmentation", "TestData", "TestMaps",
                "TestNetworks", "TileGeometry", "Training",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "Tests/Benchmarks", exclude: ["peers.py", "polygons.py"], swiftSettings: swiftRules),
        tests(
            "SegmentationTests",
            [
                "Segmentation", "FileIO", "InferenceEngine", "Models", "NetworkGraph", "RasterIO", "TileGeometry",
                "TestData", "TestMaps", "TestNetworks",
            ]),
        .testTarget(
            name: "OvertileCommandTests",
            dependencies: [
                "OvertileCommand", "BatchRunner", "CLinux", "FileIO", "InferenceEngine", "RasterIO", "SceneRunner",
                "TileGeometry",
                "TestData", "TestMaps", "TestModelFiles", "TestNetworks",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "Tests/OvertileCommandTests", exclude: ["Snapshots"], swiftSettings: swiftRules),
        .target(
            name: "TestData", dependencies: ["CGDAL", "CSQLite", "FileIO", "RasterIO", "TileGeometry"],
            path: "Tests/TestData",
            swiftSettings: swiftRules),
        .target(name: "TestMaps", path: "Tests/TestMaps", swiftSettings: swiftRules),
        .target(
            name: "TestNetworks", dependencies: ["NetworkGraph", "TestMaps"], path: "Tests/TestNetworks",
            swiftSettings: swiftRules),
        .target(
            name: "TestModelFiles", dependencies: ["StoredTensors", "WeightFiles"], path: "Tests/TestModelFiles",
            swiftSettings: swiftRules),
    ],
    swiftLanguageModes: [.v6]
)
