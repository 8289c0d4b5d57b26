import InferenceEngine
package import Models
import RasterIO

/// Settles what the tensors of a network that is wired by its shapes leave open, by pixels of a scene: of a network that is
/// wired and fed as in its training, each norm is given what it remembers.
struct WiringEvidence {
    /// Reads the model with what is assumed.
    let read: (ModelAssumptions) throws -> Model
    /// What compares a model's norms with the scene.
    let check: (Model) throws -> FeedCheck

    /// What was found.
    enum Verdict {
        /// One network goes with the scene, and the others do not.
        case settled(Network)
        /// Some go with it about as well as others, or nothing can be compared, for a reason.
        case open(String)
    }

    /// A network, and how it goes with the scene.
    struct Network {
        var assumptions: ModelAssumptions
        var model: Model
        var fit: NormFit
        /// What it differs in from others that were clearly worse.
        var rejected: [String] = []
        /// What the scene does not tell, each with the values that go with it about as well as the one that was taken.
        var untold: [OpenChoice] = []
    }

    /// No more wirings are compared.
    private static let mostWirings = 16

    /// Looks for the one of several wirings, and for what else is open about it.
    ///
    /// - Parameter wirings: the assumptions that choose each of them.
    /// - Throws: what reading the model, the scene, and running networks throws.
    func verdict(among wirings: [ModelAssumptions]) throws -> Verdict {
        guard wirings.count <= Self.mostWirings else { return .open("there are too many to compare") }
        var networks: [Network] = []
        for assumptions in wirings {
            let model = try read(assumptions)
            switch try check(model).fit() {
            case .failure(let reason): return .open(reason.description)
            case .success(let fit): networks.append(Network(assumptions: assumptions, model: model, fit: fit))
            }
        }
        networks.sort { $0.fit.norms.mean < $1.fit.norms.mean }
        var best = networks[0]
        guard best.fit.remembers else { return .open(FeedReport.Amnesia.notItsOwn.description) }
        for other in networks.dropFirst() {
            guard best.fit.isClearlyBetter(than: other.fit) else {
                return .open(
                    "divergence \(FeedReport.text(best.fit.norms.mean)) with \(best.assumptions.text), "
                        + "\(FeedReport.text(other.fit.norms.mean)) with \(other.assumptions.text)")
            }
            best.rejected.append("\(other.assumptions.text) (\(FeedReport.text(other.fit.norms.mean)))")
        }
        return .settled(try improved(best))
    }

    /// The network with what else is open settled, as far as something clearly fits better than what was taken.
    private func improved(_ network: Network) throws -> Network {
        var best = network
        for choice in network.model.openChoices {
            var others: [(value: String, network: Network)] = []
            var uncompared: [String] = []
            for value in choice.others {
                let assumptions = ModelAssumptions([choice.key: value]).completed(from: best.assumptions)
                if let other = try self.network(assumptions, fed: best.fit.scaling) {
                    others.append((value, other))
                } else {
                    uncompared.append(value)
                }
            }
            let taken = best.model.value(of: choice.key)
            if var better = others.map(\.network).filter({ $0.fit.isClearlyBetter(than: best.fit) })
                .min(by: { $0.fit.norms.mean < $1.fit.norms.mean })
            {
                others.append((taken, best))
                better.rejected =
                    best.rejected + ["\(choice.key.rawValue)=\(taken) (\(FeedReport.text(best.fit.norms.mean)))"]
                better.untold = best.untold
                best = better
            }
            let own = best.model.value(of: choice.key)
            // A tile leaves fewer pixels to norms behind convolutions without padding, of which less can be told: that they
            // are farther from their memory is no proof against them.
            let alike = others.filter {
                $0.value != own && (choice.key == .padding || !best.fit.isClearlyBetter(than: $0.network.fit))
            }
            let untold = alike.map(\.value) + uncompared
            if !untold.isEmpty { best.untold.append(OpenChoice(key: choice.key, others: untold)) }
        }
        return best
    }

    /// The network with some assumptions; nil where it cannot be run on tiles of the scene.
    private func network(_ assumptions: ModelAssumptions, fed scaling: FeedScaling) throws -> Network? {
        do {
            let model = try read(assumptions)
            guard case .success(let fit) = try check(model).fit(fed: scaling) else { return nil }
            return Network(assumptions: assumptions, model: model, fit: fit)
        } catch let error where !(error is CancellationError || error is RasterError) {
            return nil
        }
    }
}

extension Model {
    /// Reads a model file, and settles by pixels of a scene what the tensors of a network leave open that is wired by its
    /// shapes.
    ///
    /// The first of the scenes that tells settles it. A network of a known family is read as by `init(path:options:item:)`,
    /// and no scene is opened for it.
    ///
    /// - Parameters:
    ///   - scenes: paths of scenes on which the model is to run.
    ///   - input: how they are opened and fed.
    ///   - note: takes a line about what was settled.
    /// - Throws: as `init(path:options:item:)`; `WiringError` where no scene tells which of several networks it is, and the
    ///   errors of the first scene, where none can be read.
    package init(
        path: String, options: ModelOptions, item: String? = nil, decidedBy scenes: [String],
        as input: SegmentationOptions, note: (String) -> Void
    ) throws {
        func read(_ shown: ModelAssumptions) throws -> Model {
            var options = options
            options.shown = shown
            return try Model(path: path, options: options, item: item)
        }
        var plain: Model?
        var wirings: [ModelAssumptions] = [ModelAssumptions()]
        var ambiguity: WiringError?
        do {
            let model = try read(ModelAssumptions())
            guard !model.openChoices.isEmpty else {
                self = model
                return
            }
            plain = model
        } catch let error as WiringError {
            ambiguity = error
            wirings = error.candidates.map(\.assumptions)
        }
        var failure: (any Error)?
        var silence: String?
        for scene in scenes.prefix(Self.mostScenes) {
            do {
                var reader: RasterReader?
                let evidence = WiringEvidence(read: read) { model in
                    let opened = try reader ?? input.open(scene: scene, for: model)
                    reader = opened
                    return try Planner(scene: opened, model: model, options: input).feedCheck
                }
                switch try evidence.verdict(among: wirings) {
                case .settled(let network):
                    if !network.assumptions.isEmpty { note(network.account(path: path, scene: scene)) }
                    network.model.guess(of: network.untold, beside: scene).map(note)
                    self = network.model
                    return
                case .open(let reason): silence = silence ?? "nor does \(scene) (\(reason))"
                }
            } catch let error where !(error is ModelOptionsError) && !(error is CancellationError) {
                failure = failure ?? error
            }
        }
        if let plain {
            plain.guess(of: plain.openChoices.filter { plain.isStandard($0.key) }).map(note)
            self = plain
            return
        }
        if silence == nil, let failure { throw failure }
        throw WiringError(
            path: path, candidates: ambiguity?.candidates ?? [], silence: silence, order: ambiguity?.order)
    }

    /// So many scenes are asked.
    private static var mostScenes: Int { 4 }

    /// What was taken for something that was open; "" for what was not.
    fileprivate func value(of key: ModelAssumptions.Key) -> String {
        assumptions.first { $0.key == key }?.value ?? ""
    }

    /// True if nobody has said it, and nothing shows it.
    private func isStandard(_ key: ModelAssumptions.Key) -> Bool {
        assumptions.first { $0.key == key }?.origin == .standard
    }

    /// One line about what was taken because most networks have it, and what says otherwise; nil for nothing.
    ///
    /// - Parameter scene: the scene that goes with the other values as well; nil where none was looked at.
    private func guess(of choices: [OpenChoice], beside scene: String? = nil) -> String? {
        guard !choices.isEmpty else { return nil }
        let all = choices.map { choice in
            "\(choice.key.rawValue)=\(value(of: choice.key)) (it may be \(choice.others.joined(separator: ", ")))"
        }
        let flag = choices.map { "\($0.key.rawValue)=\(value(of: $0.key))" }.joined(separator: ",")
        return
            "\(path): neither its tensors nor \(scene ?? "a scene") tell \(all.joined(separator: ", ")): this was taken, "
            + "and --assume \(flag) says what the network has"
    }
}

extension WiringEvidence.Network {
    /// One line: what was taken, why, and how to say otherwise.
    func account(path: String, scene: String) -> String {
        "\(path): taken as --assume \(assumptions.text), with which its norms are given of \(scene) what they remember "
            + "(divergence \(FeedReport.text(fit.norms.mean))), and not as \(rejected.joined(separator: ", "))"
    }
}
