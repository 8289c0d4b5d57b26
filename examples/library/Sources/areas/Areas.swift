import Overtile

/// Segments a scene, and prints the area of each class.
///
///     swift run areas scene.tif unet.pth mask.tif
@main
enum Areas {
    static func main() throws {
        let arguments = CommandLine.arguments.dropFirst()
        guard arguments.count == 3, let scene = arguments.first, let mask = arguments.last else {
            print("usage: areas SCENE MODEL MASK")
            return
        }
        let model = try Model(path: arguments[2])
        var options = SegmentationOptions()
        options.overwrites = true

        // Making the run opens the scene, plans its tiles and checks that the mask may be written.
        let run = try SceneRun(scene: scene, model: model, options: options, outputs: OutputSet(mask: mask))
        print("\(run.tiles.count) tiles on \(run.tiles.workers) workers")
        for warning in run.warnings { print("warning: \(warning)") }
        let outcome = try run.run(extras: .classShares) { done, all in
            if done == all { print("all tiles are done") }
        }
        for share in outcome.classShares {
            let area = share.hectares.map { "\(Int($0.rounded())) ha" } ?? "\(share.pixels) pixels"
            print("\(share.name): \(area)")
        }
    }
}
