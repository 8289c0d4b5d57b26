/// An error of a run that was dealt into parts: one line for the user, and a code for the program.
package struct PartError: Error, Equatable, CustomStringConvertible, Sendable {
    /// The kind of trouble.
    package enum Code: Sendable {
        /// Parts are missing, or not complete.
        case missing
        /// A part is damaged, or belongs to another run.
        case bad
        /// A part is being made.
        case running
    }

    /// The kind of trouble.
    package let code: Code
    /// One line that says what is wrong, and what to do.
    package let description: String

    package init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }
}
