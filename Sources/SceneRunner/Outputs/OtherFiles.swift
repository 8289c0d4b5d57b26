import FileIO

/// The files of a command beside its scenes, its model and the outputs of each scene: what else it reads and writes.
package struct OtherFiles: Sendable {
    /// What it reads, with what that is: "the zones".
    package var inputs: [(what: String, path: String)] = []
    /// What it writes, with the option that says where: "--report".
    package var outputs: [(option: String, path: String)] = []

    /// Makes a list without files.
    package init() {}

    /// Adds a file that is read, if there is one.
    package mutating func read(_ path: String?, _ what: String) { if let path { inputs.append((what, path)) } }

    /// Adds a file that is written, if there is one.
    package mutating func write(_ path: String?, _ option: String) { if let path { outputs.append((option, path)) } }

    /// Refuses files of which one would replace another, or an input, wherever their links lead.
    ///
    /// - Parameters:
    ///   - scenes: the scenes of the command.
    ///   - model: its model.
    /// - Throws: `OutputError`.
    package func refuseClashes(scenes: [String], model: String) throws(OutputError) {
        var read: [String: String] = [:]
        for scene in scenes { read[CanonicalPath.destination(of: scene)] = "a scene" }
        read[CanonicalPath.destination(of: model)] = "the model"
        for (what, path) in inputs { read[CanonicalPath.destination(of: path)] = what }
        var written: [String: String] = [:]
        for (option, path) in outputs {
            let place = CanonicalPath.destination(of: path)
            if let what = read[place] {
                throw OutputError("\(path) is \(what) and would be written to: choose another file for \(option)")
            }
            if let other = written.updateValue(option, forKey: place) {
                throw OutputError(
                    "\(other) and \(option) would both be written to \(path): choose another file for \(option)")
            }
        }
    }
}
