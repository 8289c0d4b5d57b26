// swift-tools-version:6.2
import PackageDescription

// A package of its own: everything in it, the rooms of Overtile too, is built with libFuzzer's counters and the address
// sanitizer (run.sh), and nothing of that is left in an ordinary build.
let package = Package(
    name: "fuzz",
    dependencies: [.package(name: "overtile", path: "../..")],
    targets: [
        .executableTarget(
            name: "fuzz", dependencies: ["CFuzzer", .product(name: "Overtile", package: "overtile")],
            swiftSettings: [
                .enableUpcomingFeature("ExistentialAny"), .enableUpcomingFeature("MemberImportVisibility"),
                .treatAllWarnings(as: .error),
            ]),
        .target(name: "CFuzzer"),
    ],
    swiftLanguageModes: [.v6]
)
