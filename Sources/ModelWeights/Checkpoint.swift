/// Model files with named weights, whatever container they come in.
public enum Checkpoint {
    /// Reads the named tensors of a model file.
    ///
    /// The container is told from the first bytes and not from the file's name: safetensors, a PyTorch checkpoint
    /// (`torch.save` since 1.6), or one from before. A PyTorch checkpoint is a state dict, or a whole module, alone or
    /// under one of the keys where training loops put it. No code that a checkpoint may carry is ever run. Prefixes that
    /// all names share because training wrapped the network (`module.`, `model.`, `net.`, `_orig_mod.`) are left out.
    ///
    /// The file stays mapped for as long as a tensor of the result lives, and the elements are turned into float32
    /// each time they are asked for. It must not be cut short in that time (see `MappedFile`): replace it by renaming.
    ///
    /// - Throws: `WeightsError`, whose description is one line with the file, what is wrong, and what to do.
    public static func read(path: String) throws(WeightsError) -> StateDict {
        let file = FileSlice(try MappedFile(path: path))
        var stateDict = try container(file)
        guard !stateDict.tensors.isEmpty else {
            throw file.file.error(.notAStateDict, "holds no tensors: \(PickleMachine.advice)")
        }
        stateDict.removeSharedPrefixes()
        return stateDict
    }

    /// Whether a file is none of the checkpoints that are read, and looks like an ONNX model.
    ///
    /// - Throws: `WeightsError` for a file that cannot be read.
    public static func isONNX(path: String) throws(WeightsError) -> Bool {
        let file = FileSlice(try MappedFile(path: path))
        let isCheckpoint =
            ZipArchive.isZip(file) || SafetensorsFile.isSafetensors(file) || TorchLegacyCheckpoint.isPickle(file)
        return !isCheckpoint && KnownFormat(file) == .onnx
    }

    private static func container(_ file: FileSlice) throws(WeightsError) -> StateDict {
        if ZipArchive.isZip(file) { return try TorchZipCheckpoint.read(file) }
        if SafetensorsFile.isSafetensors(file) { return try SafetensorsFile.read(file) }
        if TorchLegacyCheckpoint.isPickle(file) { return try TorchLegacyCheckpoint.read(file) }
        if KnownFormat(file) == .onnx { return try ONNXModel(path: file.file.path).graph.stateDict }
        throw file.file.error(.unknownContainer, "\(KnownFormat(file)?.rawValue ?? "is of no known kind"): \(advice)")
    }

    /// What to do with a file that is not read.
    static let advice =
        "what can be read is safetensors, and a state dict saved with torch.save(net.state_dict(), ...)"
}
