import CFuzzer
import Foundation

/// Gives a reader of Overtile's whatever libFuzzer thinks of. The first argument names the reader; the others are
/// libFuzzer's. Without arguments the readers are listed; `seeds FOLDER` writes files for them to begin with.
///
/// A reader may refuse what it is given in any way that it documents. A crash, a report of a sanitizer, a trap, more than
/// a second of processor time, and more memory than eight times the file and 64 MiB are findings.
enum Fuzz {
    /// Written once, before libFuzzer begins.
    nonisolated(unsafe) fileprivate static var chosen: FuzzTarget?

    /// Takes the words of the command line that are not libFuzzer's.
    fileprivate static func begin(_ words: [String]) throws {
        if words.first == "seeds", words.count == 2 {
            try Seeds.write(to: words[1])
            exit(0)
        }
        guard let target = words.first.flatMap(FuzzTarget.init) else {
            print(FuzzTarget.allCases.map(\.rawValue).joined(separator: "\n"))
            exit(words.isEmpty ? 0 : 64)
        }
        try target.prepare()
        chosen = target
    }

    fileprivate static func run(_ bytes: UnsafeRawBufferPointer) {
        guard let target = chosen else { return }
        let start = processorNanoseconds
        cfuzzer_begin_memory()
        let size = target.read(bytes)
        let (memory, time) = (cfuzzer_peak_memory(), processorNanoseconds - start)
        if memory > 8 * size + 64 << 20 { fatalError("\(memory >> 20) MiB for a file of \(size) bytes") }
        // Weights are read, laid out anew and multiplied, all of it under the sanitizers: a file of 64 MiB took six seconds.
        let longest = 1_000_000_000 + 200 * UInt64(size)
        if time > longest { fatalError("\(time / 1_000_000) ms for a file of \(size) bytes") }
    }

    /// Of all threads: the machine may be busy with something else.
    private static var processorNanoseconds: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}

/// libFuzzer calls this once, with all arguments.
@_cdecl("LLVMFuzzerInitialize")
func initialize(
    _ count: UnsafeMutablePointer<Int32>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>
) -> Int32 {
    let words = (1..<Int(count.pointee)).compactMap { arguments.pointee[$0].map { String(cString: $0) } }
    do { try Fuzz.begin(words) } catch { fatalError("\(error)") }
    // The reader's name is no file of inputs.
    for index in 1..<Int(count.pointee) { arguments.pointee[index] = arguments.pointee[index + 1] }
    count.pointee -= 1
    return 0
}

/// libFuzzer calls this with each input.
@_cdecl("LLVMFuzzerTestOneInput")
func testOneInput(_ data: UnsafePointer<UInt8>, _ count: Int) -> Int32 {
    Fuzz.run(UnsafeRawBufferPointer(start: data, count: count))
    return 0
}
