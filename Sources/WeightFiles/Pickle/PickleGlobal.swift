import StoredTensors

/// A Python class or function that a pickle names. It is never imported, let alone called.
struct PickleGlobal: CustomStringConvertible {
    /// The module and the name: `torch._utils._rebuild_tensor_v2`.
    let path: String

    init(module: String, name: String) {
        // Python 2 and protocol 2 say __builtin__.
        path = (module == "__builtin__" ? "builtins" : module) + "." + name
    }

    var description: String { ModelFileError.quoted(path) }

    /// Returns the name behind `module.`, or nil for a global of another module.
    func name(in module: String) -> Substring? {
        path.hasPrefix(module + ".") ? path.dropFirst(module.count + 1) : nil
    }

    /// True if the global reaches the system, the interpreter or the network. A pickle that so much as names one of
    /// these was made to attack whoever loads it.
    ///
    /// `getattr` is one of these, unless it does no more than `isAttributeLookup` says.
    ///
    /// The list serves a clear message. Nothing depends on it being complete: no global is ever called.
    var isDangerous: Bool {
        let package = path.prefix { $0 != "." }
        if package == "builtins" { return !Self.plainBuiltins.contains(path.dropFirst(package.count + 1)) }
        return Self.dangerousPackages.contains(package)
    }

    /// `getattr`, by which protocol 2 names classes inside classes, and functions inside C classes such as `torch.relu`.
    var isAttributeLookup: Bool { path == "builtins.getattr" }

    private static let plainBuiltins: Set<Substring> = [
        "bool", "bytearray", "bytes", "complex", "dict", "float", "frozenset", "int", "list", "long", "object", "range",
        "set", "slice", "str", "tuple", "unicode", "xrange",
    ]

    /// Only names that nobody gives to a package of their own: a user's network may be defined in `code` or `trace`.
    private static let dangerousPackages: Set<Substring> = [
        "_io", "_pickle", "_posixsubprocess", "_socket", "_thread", "aiohttp", "asyncio", "bdb", "cProfile", "cffi",
        "codeop", "ctypes", "distutils", "ensurepip", "ftplib", "httplib", "importlib", "linecache", "marshal", "nt",
        "ntpath", "operator", "os", "pdb", "pickle", "pip", "pkgutil", "popen2", "posix", "pty", "pydoc", "requests",
        "runpy", "shelve", "shutil", "smtplib", "socket", "subprocess", "sys", "timeit", "urllib", "urllib2", "venv",
        "webbrowser", "zipimport",
    ]
}
