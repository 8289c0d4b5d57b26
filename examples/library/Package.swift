// swift-tools-version:6.2
import PackageDescription

let package = Package(
    name: "areas",
    dependencies: [.package(name: "overtile", path: "../..")],
    targets: [
        .executableTarget(name: "areas", dependencies: [.product(name: "Overtile", package: "overtile")])
    ]
)
