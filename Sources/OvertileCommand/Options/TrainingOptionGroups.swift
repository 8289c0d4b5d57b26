import ArgumentParser
import Foundation
import Overtile

/// The truth, the output and what the truth's classes are called.
struct TrainingFiles: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            """
            The classes of the scenes' pixels: a raster, or with --class-field a vector file. It may be given once for all \
            scenes, once for each in their order, or as a template in which {stem} is the scene's name.
            """, valueName: "path"), completion: .truths)
    var truth: [String]

    @Option(help: ArgumentHelp("The field of the truth's polygons that holds the class.", valueName: "field"))
    var classField: String?

    @Option(help: ArgumentHelp("The layer of the truth, where a vector file has several.", valueName: "name"))
    var layer: String?

    @Option(
        help: ArgumentHelp(
            """
            Polygons within which everything that lies in none of the truth's is a class of its own, background.
            """, valueName: "file"), completion: .layers)
    var labelledArea: String?

    @Option(
        help: ArgumentHelp(
            """
            What classes of the truth are called in training, such as maize=crop,wheat=crop; "none" leaves a class out.
            """, valueName: "1=a,2=none"))
    var map: [String] = []

    @Option(
        help: ArgumentHelp(
            "The colours of classes on maps. Without it, those of the truth's palette, where it has one.",
            valueName: "water=2b7bba,land=c8b98c"))
    var colors: [String] = []

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "The numbers of the scenes' bands that the network takes. By default, all but alpha.", valueName: "4,3,2"))
    var bands: NumberList<Int>?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "The pixel value that means \"no data\", instead of the scenes' own. The model's file says it.",
            valueName: "value"))
    var nodata: Double?

    @Option(
        name: .shortAndLong, help: ArgumentHelp("The trained network, a safetensors file.", valueName: "path"),
        completion: .file(extensions: ["safetensors"]))
    var output: String

    @Option(
        help: ArgumentHelp("A line for each epoch, as CSV.", valueName: "path"), completion: .file(extensions: ["csv"]))
    var log: String?

    @Option(
        help: ArgumentHelp(
            """
            A page (.html) with curves, the confusion matrix, and scene, truth and mask where the network is worst and best. \
            It is written at the end.
            """, valueName: "path"), completion: .file(extensions: ["html"]))
    var report: String?

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp(
            "Scenes to judge by, of which nothing is learned; instead of parts of the others.", valueName: "scene"),
        completion: .files)
    var validationScenes: [String] = []

    @Option(
        help: ArgumentHelp(
            "The truth of these scenes, given as --truth is. By default, it is that of the others.", valueName: "path"),
        completion: .truths)
    var validationTruth: [String] = []

    @Flag(name: [.long, .customLong("overwrite", withSingleDash: true)], help: "Replace an output that exists.")
    var overwrite = false

    mutating func validate() throws {
        if layer != nil && classField == nil {
            throw ValidationError("--layer is for polygons: give --class-field too")
        }
        if !output.hasSuffix(".safetensors") {
            throw ValidationError(
                "--output \(output): a network is written as safetensors: give a name with that ending")
        }
        if let report, FileName.pathExtension(of: report) != "html" {
            throw ValidationError("--report \(report): a report is a page: give a name that ends in .html")
        }
        if validationScenes.isEmpty, !validationTruth.isEmpty {
            throw ValidationError("--validation-truth is for scenes of its own: give --validation-scenes too")
        }
    }

    /// The scenes to judge by, each with its truth.
    ///
    /// - Throws: `UsageError` where they cannot be paired.
    func validationPairs() throws -> [TrainingData.Pair] {
        guard !validationScenes.isEmpty else { return [] }
        guard !validationTruth.isEmpty || truth.count == 1 else {
            throw UsageError("say with --validation-truth which is the truth of the scenes to judge by")
        }
        return try pairs(of: validationScenes, validationTruth.isEmpty ? truth : validationTruth)
    }

    /// Each scene with its truth.
    ///
    /// - Throws: `UsageError` where they cannot be paired.
    func pairs(of scenes: [String]) throws -> [TrainingData.Pair] { try pairs(of: scenes, truth) }

    private func pairs(of scenes: [String], _ truth: [String]) throws -> [TrainingData.Pair] {
        let paths: [String]
        if truth.count == scenes.count {
            paths = truth
        } else if truth.count == 1 {
            paths = scenes.map { truth[0].replacingOccurrences(of: "{stem}", with: FileName.stem(of: $0)) }
        } else {
            throw UsageError(
                "\(truth.count) truths do not go with \(scenes.count) scenes: give one for all, one for each, or a template with {stem}"
            )
        }
        let vectors = ["gpkg", "shp", "geojson", "json", "fgb", "kml", "gml"]
        if classField == nil, let path = paths.first(where: { vectors.contains(FileName.pathExtension(of: $0)) }) {
            throw UsageError("\(path) holds polygons: say with --class-field which of their fields is the class")
        }
        return zip(scenes, paths).map { scene, path in
            TrainingData.Pair(
                scene: scene,
                truth: TruthSource(path: path, field: classField, layer: layer, labelledArea: labelledArea))
        }
    }

    /// - Throws: `UsageError` for what is no colour of a class.
    func classColors() throws -> [String: ClassDescription.Color] {
        var result: [String: ClassDescription.Color] = [:]
        for pair in colors.flatMap({ $0.split(separator: ",") }) {
            let parts = pair.split(separator: "=").map { String($0).trimmed }
            guard parts.count >= 2, let color = ClassDescription.Color(hexadecimal: parts.last!) else {
                throw UsageError(
                    "--colors \(pair) gives no class a colour: give pairs such as water=2b7bba,land=c8b98c")
            }
            result[parts.dropLast().joined(separator: "=")] = color
        }
        return result
    }

    /// - Throws: `UsageError` for what is no pair.
    func renamed() throws -> [String: String] {
        var result: [String: String] = [:]
        for pair in map.flatMap({ $0.split(separator: ",") }) {
            let parts = pair.split(separator: "=", maxSplits: 1).map { String($0).trimmed }
            guard parts.count == 2, parts.allSatisfy({ !$0.isEmpty }) else {
                throw UsageError("--map \(pair) renames nothing: give pairs such as maize=crop,water=none")
            }
            result[parts[0]] = parts[1]
        }
        return result
    }
}

/// The network that is trained.
struct TrainingNetworkOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The family of the network.",
            valueName: NetworkDesign.Family.allCases.map(\.rawValue).joined(separator: "|")))
    var network = NetworkDesign.Family.paper

    @Option(help: ArgumentHelp("The sizes of map, full resolution counted.", valueName: "n"))
    var levels: Int?

    @Option(help: ArgumentHelp("The channels at full resolution, which double with each level.", valueName: "n"))
    var base = 16

    @Flag(inversion: .prefixedNo, help: "A batch norm behind each convolution; the paper's network can do without.")
    var batchNorm = true

    @Option(help: ArgumentHelp("How maps become larger.", valueName: "transposed|bilinear"))
    var up: NetworkDesign.Upsampling?

    @Flag(help: "A head on each depth of U-Net++; the loss is the mean of theirs.")
    var deepSupervision = false

    @Option(
        help: ArgumentHelp(
            "How new weights are drawn: as PyTorch does it, or as the paper does.", valueName: "pytorch|he-normal"))
    var initial = InitialWeights.pytorch

    @Option(
        help: ArgumentHelp(
            "A checkpoint to go on from, instead of a new network. Where its classes differ, its head begins anew.",
            valueName: "model"), completion: .models)
    var from: String?

    @Option(help: ArgumentHelp("The part of that checkpoint that stays as it is.", valueName: "encoder"))
    var freeze: Frozen?

    enum Frozen: String, CaseIterable, ExpressibleByArgument { case encoder }

    mutating func validate() throws {
        if freeze != nil && from == nil { throw ValidationError("--freeze needs a network to keep: give --from too") }
    }

    func apply(to options: inout TrainingOptions) {
        (options.family, options.levels, options.base) = (network, levels, base)
        (options.hasBatchNorm, options.upsampling) = (batchNorm, up)
        (options.hasDeepSupervision, options.initialWeights) = (deepSupervision, initial)
        (options.start, options.freezesEncoder) = (from, freeze != nil)
    }
}

/// The loss, which training makes small.
struct TrainingLossOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Cross entropy over the classes; or binary cross entropy of one output, for two classes.",
            valueName: "ce|bce"))
    var loss = Kind.ce

    enum Kind: String, CaseIterable, ExpressibleByArgument { case ce, bce }

    @Option(
        help: ArgumentHelp(
            "For one output: the probability above which a pixel is class 1, in judging and as the model's file says it.",
            valueName: "0…1"))
    var threshold: Float = 0.5

    @Flag(help: "Add soft Dice, for classes of few pixels.")
    var dice = false

    @Option(
        help: ArgumentHelp(
            "What pixels of each class weigh: as much as they are rare (auto), or numbers.", valueName: "auto|1,2"),
        transform: { try TrainingOptions.ClassWeights(argument: $0) })
    var classWeights: TrainingOptions.ClassWeights = .equal

    @Flag(help: "Give the gaps between touching objects the paper's weights. Class 0 is what lies between.")
    var borderWeights = false

    mutating func validate() throws {
        guard threshold != 0.5 else { return }
        if loss != .bce { throw ValidationError("--threshold is for one output: give --loss bce too") }
        guard (0...1).contains(threshold) else {
            throw ValidationError("--threshold \(threshold) is no probability: give 0 to 1")
        }
    }

    func apply(to options: inout TrainingOptions) {
        (options.isBinary, options.addsDice) = (loss == .bce, dice)
        (options.classWeights, options.threshold) = (classWeights, threshold)
        options.borderWeights = borderWeights ? BorderWeights() : nil
    }
}

extension TrainingOptions.ClassWeights {
    /// Reads the value of `--class-weights`.
    ///
    /// - Throws: `ValidationError`.
    fileprivate init(argument: String) throws {
        if argument == "auto" {
            self = .inverseFrequency
            return
        }
        guard let list = NumberList<Double>(argument: argument) else {
            throw ValidationError(
                "--class-weights \(argument) is no list: give auto, or numbers with commas between them")
        }
        self = .given(list.values)
    }
}

/// The steps of a training, and when it ends.
struct TrainingStepOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The crops of a step.", valueName: "n"))
    var batch = 4

    @Option(
        help: ArgumentHelp(
            "The side of a crop in pixels, with its margin. By default, what gives 128 pixels to learn from.",
            valueName: "n"))
    var crop: Int?

    @Option(
        help: ArgumentHelp(
            "How the numbers of the network follow their gradients.", valueName: "sgd|rmsprop|adam|adamw"))
    var optimizer = Rule.adamw

    enum Rule: String, CaseIterable, ExpressibleByArgument { case sgd, rmsprop, adam, adamw }

    @Option(
        help: ArgumentHelp("The learning rate. By default 0.001; 0.01 for sgd, 0.00001 for rmsprop.", valueName: "rate")
    )
    var rate: Double?

    @Option(help: ArgumentHelp("The momentum of sgd, 0.99 by default, and of rmsprop, 0.9.", valueName: "0…1"))
    var momentum: Double?

    @Option(
        help: ArgumentHelp(
            "How much weights decay. By default 0.01 for adamw, 0.00000001 for rmsprop, and else 0.",
            valueName: "number"))
    var weightDecay: Double?

    @Option(
        help: ArgumentHelp(
            """
            How the learning rate changes: not at all, to 0 along half a wave of the cosine, or to a tenth each time that the \
            held out loss has not become less for half of --patience, as PyTorch's ReduceLROnPlateau does it.
            """, valueName: "constant|cosine|plateau"))
    var schedule = TrainingOptions.Schedule.cosine

    @Option(help: ArgumentHelp("Steps over which the learning rate rises from nearly 0.", valueName: "n"))
    var warmUp = 0

    @Option(help: ArgumentHelp("The largest norm of the gradients of a step.", valueName: "number"))
    var clip: Double?

    @Option(
        help: ArgumentHelp(
            "Where crops are drawn: as often as there are labels, each class as often, or mostly where classes meet.",
            valueName: "labels|classes|borders"))
    var draw = CropDraw.labels

    @Flag(inversion: .prefixedNo, help: "Turn and mirror crops, and change their brightness and contrast.")
    var augment = true

    @Option(
        help: ArgumentHelp(
            "How much brightness and contrast of each band are changed at most, in its standard deviations.",
            valueName: "share"))
    var intensity: Double?

    @Option(
        help: ArgumentHelp("The paper's elastic deformation of crops: 10 pixels there.", valueName: "pixels"))
    var elastic = 0.0

    @Option(
        help: ArgumentHelp(
            """
            Paint smooth noise of random colours over a class in this share of the crops, mostly beside other classes: for \
            what has more colours in the world than in the scenes, such as murky water.
            """, valueName: "class=share"),
        transform: { try Plasma(argument: $0) })
    var plasma: Plasma?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            """
            The colours of --plasma, mixed two by two: numbers for each band, as the scenes have them. Without it, those of \
            other classes.
            """, valueName: "90,60,30/50,60,40"))
    var plasmaColors: String?

    @Option(
        help: ArgumentHelp(
            """
            Judge and write the running mean of the network's numbers, which keeps this share at each step, instead of the \
            last step's.
            """, valueName: "0.99"))
    var average: Double?

    @Option(help: ArgumentHelp("The part of each scene that is held out to judge by.", valueName: "0…0.5"))
    var validation = 0.2

    @Option(help: ArgumentHelp("The most passes over the labels.", valueName: "n"))
    var epochs = 50

    @Option(help: ArgumentHelp("The most steps.", valueName: "n"))
    var steps: Int?

    @Option(help: ArgumentHelp("The time after which no other epoch begins, such as 90m or 2h.", valueName: "time"))
    var time: String?

    @Option(help: ArgumentHelp("End after so many epochs without a better mean IoU.", valueName: "epochs"))
    var patience = 10

    @Option(help: ArgumentHelp("The first number of all that is drawn.", valueName: "n"))
    var seed: UInt64 = 1

    @Option(
        help: ArgumentHelp(
            "The threads that share out a step. By default, one for each processor that it may use.", valueName: "n"))
    var workers: Int?

    @Option(
        help: ArgumentHelp(
            """
            The most memory to use, such as 800M or 4G. By default, half of the machine's memory, or of what a container or a \
            scheduler allows.
            """, valueName: "size"),
        transform: { try MemorySize(argument: $0) })
    var memory: MemorySize?

    mutating func validate() throws {
        func require(_ name: String, _ isRight: Bool, _ advice: String) throws {
            if !isRight { throw ValidationError("--\(name) makes no sense: \(advice)") }
        }
        try require("batch \(batch)", (1...1024).contains(batch), "give 1 to 1024 crops")
        if let crop { try require("crop \(crop)", (8...8192).contains(crop), "give 8 to 8192 pixels") }
        try require("rate \(rate ?? 1)", (rate ?? 1) > 0, "give a number greater than 0")
        try require("validation \(validation)", (0...0.5).contains(validation), "give 0 to 0.5")
        try require("epochs \(epochs)", (1...1_000_000).contains(epochs), "give 1 or more")
        try require("steps \(steps ?? 1)", (steps ?? 1) > 0, "give 1 or more")
        try require("patience \(patience)", patience > 0, "give 1 or more")
        try require("intensity \(intensity ?? 0)", (0...1).contains(intensity ?? 0), "give 0 to 1")
        try require("average \(average ?? 0)", (0..<1).contains(average ?? 0), "give a number below 1, such as 0.99")
        try require("elastic \(elastic)", (0...1000).contains(elastic), "give 0 to 1000 pixels")
        if let workers { try require("workers \(workers)", (1...1024).contains(workers), "give 1 to 1024") }
        if plasma == nil && plasmaColors != nil {
            throw ValidationError("--plasma-colors are colours to paint with: say with --plasma what to paint over")
        }
        _ = try Plasma.colors(plasmaColors)
        _ = try seconds()
    }

    /// - Throws: `ValidationError` for what is no time.
    private func seconds() throws -> Double? {
        guard let time else { return nil }
        let units = ["s": 1.0, "m": 60, "h": 3600]
        guard let unit = time.last.flatMap({ units[String($0)] }), let value = Double(time.dropLast()), value > 0 else {
            throw ValidationError("--time \(time) is no time: give a number with its unit, such as 90m or 2h")
        }
        return value * unit
    }

    func apply(to options: inout TrainingOptions) throws {
        (options.batch, options.crop, options.seed) = (batch, crop, seed)
        switch optimizer {
        case .sgd:
            options.rule = .sgd(momentum: momentum ?? 0.99, weightDecay: weightDecay ?? 0)
            options.rate = rate ?? 0.01
        case .rmsprop:
            options.rule = .rmsprop(momentum: momentum ?? 0.9, weightDecay: weightDecay ?? 1e-8)
            options.rate = rate ?? 1e-5
        case .adam:
            options.rule = .adam(weightDecay: weightDecay ?? 0)
            options.rate = rate ?? 1e-3
        case .adamw:
            options.rule = .adamW(weightDecay: weightDecay ?? 0.01)
            options.rate = rate ?? 1e-3
        }
        (options.schedule, options.warmUp, options.largestGradient) = (schedule, warmUp, clip)
        (options.draw, options.averaging) = (draw, average)
        options.augmentation = augment ? CropAugmentation() : .none
        options.augmentation.elastic = elastic
        options.augmentation.plasma = plasma
        options.augmentation.plasma?.colors = try Plasma.colors(plasmaColors)
        if let intensity { options.augmentation.intensity = intensity }
        (options.validation, options.epochs, options.steps) = (validation, epochs, steps)
        (options.seconds, options.patience) = (try seconds(), patience)
        (options.workers, options.memory) = (workers, memory?.bytes)
    }
}

extension Plasma {
    /// Reads the value of `--plasma`.
    ///
    /// - Throws: `ValidationError`.
    fileprivate init(argument: String) throws {
        let parts = argument.split(separator: "=").map { String($0).trimmed }
        guard parts.count >= 2, let share = Double(parts.last!), share > 0, share <= 1 else {
            throw ValidationError(
                "--plasma \(argument) makes no sense: give a class and a share of crops, such as water=0.5")
        }
        self.init(className: parts.dropLast().joined(separator: "="), share: share)
    }

    /// Reads the value of `--plasma-colors`.
    ///
    /// - Throws: `ValidationError`.
    fileprivate static func colors(_ argument: String?) throws -> [[Double]] {
        try (argument ?? "").split(separator: "/").map { text in
            guard let color = NumberList<Double>(argument: String(text)), color.values.allSatisfy(\.isFinite) else {
                throw ValidationError(
                    "--plasma-colors \(text) is no colour: give a number for each band, such as 90,60,30, and / between "
                        + "colours")
            }
            return color.values
        }
    }
}

extension NetworkDesign.Family: ExpressibleByArgument {}
extension NetworkDesign.Upsampling: ExpressibleByArgument {}
extension InitialWeights: ExpressibleByArgument {}
extension CropDraw: ExpressibleByArgument {}
extension TrainingOptions.Schedule: ExpressibleByArgument {}
