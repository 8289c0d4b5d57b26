import CFuzzer
import Foundation

/// Gives a reader of Overtile's whatever libFuzzer thinks of. The first argument names the reader; the others are
/// libFuzzer's.
///
/// A reader may refuse what it is given in any way that it documents. A crash, a report of the address sanitizer, a trap,
/// an input that takes longer than a second, and memory beyond libFuzzer's limit are findings.
@main
enum Fuzz {
    static func main() {
        var words = CommandLine.arguments
        guard words.count > 1, let target = FuzzTarget(rawValue: words[1]) else {
            print(FuzzTarget.allCases.map(\.rawValue).joined(separator: "\n"))
            exit(words.count > 1 ? 64 : 0)
        }
        words.remove(at: 1)
        chosen = target
        target.prepare()
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
        arguments.append(nil)
        var count = Int32(words.count)
        arguments.withUnsafeMutableBufferPointer { buffer in
            var start = buffer.baseAddress
            let status = LLVMFuzzerRunDriver(&count, &start) { data, size in
                guard let target = Fuzz.chosen else { return -1 }
                target.read(UnsafeRawBufferPointer(start: data, count: size))
                return 0
            }
            exit(status)
        }
    }

    /// Written once, before libFuzzer begins.
    nonisolated(unsafe) fileprivate static var chosen: FuzzTarget?
}
