/// A `torch.nn.Module` to be written into a checkpoint whole.
package struct SampleModule {
    /// How the pickle makes the object, before it sets its attributes.
    package enum Making: CaseIterable { case newObject, reconstructor, reduce }

    /// The Python module of its class.
    package var module: String
    /// The class's name.
    package var className: String
    /// How the pickle makes the object.
    package var making: Making
    /// nil is None.
    package var parameters: [(name: String, tensor: SampleTensor?)]
    /// Its buffers; nil is None.
    package var buffers: [(name: String, tensor: SampleTensor?)]
    /// Names of buffers that a state dict leaves out.
    package var transient: [String]
    /// The modules inside; nil is None.
    package var modules: [(name: String, module: SampleModule?)]

    /// A module that is empty where nothing is said.
    package init(
        module: String = "__main__", className: String = "UNet", making: Making = .newObject,
        parameters: [(name: String, tensor: SampleTensor?)] = [], buffers: [(name: String, tensor: SampleTensor?)] = [],
        transient: [String] = [], modules: [(name: String, module: SampleModule?)] = []
    ) {
        self.module = module
        self.className = className
        self.making = making
        self.parameters = parameters
        self.buffers = buffers
        self.transient = transient
        self.modules = modules
    }

    /// A convolution with the tensors of `TorchWriter.smallTensors`.
    package static let convolution = SampleModule(
        module: "torch.nn.modules.conv", className: "Conv2d",
        parameters: [("weight", TorchWriter.smallTensors[0]), ("bias", TorchWriter.smallTensors[1])])

    /// A network whose state dict is `TorchWriter.smallTensors`.
    package static let small = SampleModule(modules: [("conv", .convolution)])
}

extension PickleWriter {
    /// A module, whole.
    package mutating func module(_ module: SampleModule) {
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
    package mutating func attributes(of module: SampleModule) {
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
