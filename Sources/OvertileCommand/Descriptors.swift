#if canImport(Glibc)
    import Glibc
#endif

/// Standard input, output and error, which the caller may have closed.
enum Descriptors {
    /// Puts something in the place of those that are closed: otherwise the next file to be opened, an output among
    /// them, would get their numbers, and messages would be written into it.
    ///
    /// A closed standard output stays one that cannot be written, so that a result that is lost is an error.
    static func fillStandardOnes() {
        for (descriptor, mode) in [(STDIN_FILENO, O_RDONLY), (STDOUT_FILENO, O_RDONLY), (STDERR_FILENO, O_WRONLY)]
        where fcntl(descriptor, F_GETFD) == -1 {
            _ = open("/dev/null", mode)  // takes the lowest free number, which is this one
        }
    }
}
