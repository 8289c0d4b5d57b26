/// A `torch.nn.Module` to be written into a checkpoint whole.
struct SampleModule {
    /// How the pickle makes the object, before it sets its attributes.
    enum Making: CaseIterable { case newObject, reconstructor, reduce }

    var module = "__main__"
    var className = "UNet"
    var making = Making.newObject
    /// nil is None.
    var parameters: [(name: String, tensor: SampleTensor?)] = []
    var buffers: [(name: String, tensor: SampleTensor?)] = []
    /// Names of buffers that a state dict leaves out.
    var transient: [String] = []
    var modules: [(name: String, module: SampleModule?)] = []

    /// A convolution with the tensors of `TorchWriter.smallTensors`.
    static let convolution = SampleModule(
        module: "torch.nn.modules.conv", className: "Conv2d",
        parameters: [("weight", TorchWriter.smallTensors[0]), ("bias", TorchWriter.smallTensors[1])])

    /// A network whose state dict is `TorchWriter.smallTensors`.
    static let small = SampleModule(modules: [("conv", .convolution)])
}

extension PickleWriter {
    mutating func module(_ module: SampleModule) {
        switch module.making {
        case .newObject:
            global(module.module, module.className)
            code(")")
            raw([0x81])
        case .reconstructor:
            global("copy_reg", "_reconstructor")
            code("(")
            global(module.module, module.className)
            global("__builtin__", "object")
            code("NtR")
        case .reduce:
            global(module.module, module.className)
            code(")R")
        }
        attributes(of: module)
        code("b")
    }

    /// The object's `__dict__`.
    mutating func attributes(of module: SampleModule) {
        code("}(")
        string("training")
        raw([0x89])
        string("_parameters")
        tensors(module.parameters, isParameter: true)
        string("_buffers")
        tensors(module.buffers, isParameter: false)
        string("_non_persistent_buffers_set")
        global("__builtin__", "set")
        code("](")
        for name in module.transient { string(name) }
        code("e")
        raw([0x85])
        code("R")
        string("_modules")
        orderedDict()
        code("(")
        for (name, inner) in module.modules {
            string(name)
            if let inner { self.module(inner) } else { code("N") }
        }
        code("u")
        string("activation")
        global("torch.nn.functional", "relu")
        code("u")
    }

    private mutating func tensors(_ tensors: [(name: String, tensor: SampleTensor?)], isParameter: Bool) {
        orderedDict()
        code("(")
        for (name, tensor) in tensors {
            string(name)
            guard let tensor else {
                code("N")
                continue
            }
            if isParameter {
                global("torch._utils", "_rebuild_parameter")
                code("(")
                self.tensor(tensor)
                raw([0x88])
                orderedDict()
                code("tR")
            } else {
                self.tensor(tensor)
            }
        }
        code("u")
    }
}
