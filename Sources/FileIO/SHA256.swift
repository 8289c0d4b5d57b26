import Glibc

/// Computes SHA-256 over bytes that arrive piece by piece. Source: FIPS 180-4.
///
///     var hash = SHA256()
///     hash.add(bytes)
///     let digits = hash.finish()
///
/// The code is our own because swift-crypto brings all of BoringSSL, which takes two and a half minutes of processor
/// time to build.
package struct SHA256 {
    private static let constants: [UInt32] = [
        0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4, 0xab1c_5ed5,
        0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe, 0x9bdc_06a7, 0xc19b_f174,
        0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f, 0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da,
        0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7, 0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967,
        0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc, 0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85,
        0xa2bf_e8a1, 0xa81a_664b, 0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070,
        0x19a4_c116, 0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
        0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7, 0xc671_78f2,
    ]

    private static let blockByteCount = 64

    private var state: [UInt32] = [
        0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19,
    ]
    /// The bytes that do not fill a block yet.
    private var rest: [UInt8] = []
    private var byteCount = 0

    /// Begins a checksum without any bytes.
    package init() {}

    /// Returns the checksum of bytes, in 64 hexadecimal digits.
    package static func checksum(of bytes: UnsafeRawBufferPointer) -> String {
        var hash = SHA256()
        hash.add(bytes)
        return hash.finish()
    }

    /// Returns the checksum of a text in UTF-8, in 64 hexadecimal digits.
    package static func checksum(of text: String) -> String {
        Array(text.utf8).withUnsafeBytes { checksum(of: $0) }
    }

    /// Continues with more bytes.
    package mutating func add(_ bytes: UnsafeRawBufferPointer) {
        byteCount += bytes.count
        var bytes = bytes[...]
        if !rest.isEmpty {
            let missing = bytes.prefix(Self.blockByteCount - rest.count)
            rest += missing
            bytes = bytes.dropFirst(missing.count)
            guard rest.count == Self.blockByteCount else { return }
            let block = rest
            block.withUnsafeBytes { addBlocks($0) }
            rest = []
        }
        let whole = bytes.count / Self.blockByteCount * Self.blockByteCount
        addBlocks(UnsafeRawBufferPointer(rebasing: bytes.prefix(whole)))
        rest += bytes.dropFirst(whole)
    }

    /// Returns the checksum of all bytes, in 64 hexadecimal digits, as `sha256sum` prints them.
    package consuming func finish() -> String {
        // A single one bit, zeros, and the length in bits in the last 8 bytes of a block.
        var end = rest + [0x80]
        end += [UInt8](repeating: 0, count: (120 - end.count) % Self.blockByteCount)
        end += (0..<8).map { UInt8(truncatingIfNeeded: (byteCount << 3) >> (56 - 8 * $0)) }
        end.withUnsafeBytes { addBlocks($0) }
        return state.map { word in
            let digits = String(word, radix: 16)
            return String(repeating: "0", count: 8 - digits.count) + digits
        }.joined()
    }

    /// - Parameter blocks: a multiple of 64 bytes.
    private mutating func addBlocks(_ blocks: UnsafeRawBufferPointer) {
        // The loop has no bounds checks, because a model of 124 MB may be hashed before every run.
        Self.constants.withUnsafeBufferPointer { constants in
            state.withUnsafeMutableBufferPointer { state in
                withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 64) { schedule in
                    for start in stride(from: 0, to: blocks.count, by: Self.blockByteCount) {
                        let block = blocks.baseAddress! + start
                        Self.expand(block, into: schedule.baseAddress!)
                        Self.compress(schedule.baseAddress!, constants.baseAddress!, state.baseAddress!)
                    }
                }
            }
        }
    }

    @inline(__always)
    private static func rotated(_ word: UInt32, _ count: UInt32) -> UInt32 { word &>> count | word &<< (32 &- count) }

    /// - Parameters:
    ///   - block: 64 bytes.
    ///   - schedule: 64 words.
    @inline(__always)
    private static func expand(_ block: UnsafeRawPointer, into schedule: UnsafeMutablePointer<UInt32>) {
        for t in 0..<16 {
            schedule[t] = UInt32(bigEndian: block.loadUnaligned(fromByteOffset: 4 &* t, as: UInt32.self))
        }
        for t in 16..<64 {
            let (early, late) = (schedule[t &- 15], schedule[t &- 2])
            let small0 = rotated(early, 7) ^ rotated(early, 18) ^ early &>> 3
            let small1 = rotated(late, 17) ^ rotated(late, 19) ^ late &>> 10
            schedule[t] = schedule[t &- 16] &+ small0 &+ schedule[t &- 7] &+ small1
        }
    }

    /// - Parameters:
    ///   - schedule: 64 words, as are `constants`.
    ///   - state: 8 words.
    @inline(__always)
    private static func compress(
        _ schedule: UnsafePointer<UInt32>, _ constants: UnsafePointer<UInt32>, _ state: UnsafeMutablePointer<UInt32>
    ) {
        var (a, b, c, d) = (state[0], state[1], state[2], state[3])
        var (e, f, g, h) = (state[4], state[5], state[6], state[7])
        for t in 0..<64 {
            let large1 = rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25)
            let first = h &+ large1 &+ (e & f ^ ~e & g) &+ constants[t] &+ schedule[t]
            let large0 = rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22)
            let second = large0 &+ (a & b ^ a & c ^ b & c)
            (h, g, f, e, d, c, b, a) = (g, f, e, d &+ first, c, b, a, first &+ second)
        }
        (state[0], state[1], state[2], state[3]) = (state[0] &+ a, state[1] &+ b, state[2] &+ c, state[3] &+ d)
        (state[4], state[5], state[6], state[7]) = (state[4] &+ e, state[5] &+ f, state[6] &+ g, state[7] &+ h)
    }
}

extension SHA256 {
    /// The number of bytes of a file that are in memory at a time.
    private static let piece = 4 << 20

    /// Reads a file from end to end, a piece at a time, and returns its checksum in 64 hexadecimal digits.
    ///
    /// - Parameter isCancelled: asked before each piece; true ends the work.
    /// - Throws: `FileError` (`.readFailed`); `CancellationError`.
    package static func checksum(ofFile path: String, isCancelled: () -> Bool = { false }) throws -> String {
        func failure(_ what: String, _ number: Int32) -> FileError {
            let reason = String(cString: strerror(number))
            return FileError(
                .readFailed, what, path: path, reason,
                message: "cannot \(what) \(path) again for its checksum: \(reason)")
        }
        let descriptor = FileCall.open(path, O_RDONLY)
        guard descriptor >= 0 else { throw failure("open", errno) }
        defer { close(descriptor) }
        var hash = SHA256()
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: piece, alignment: 64)
        defer { buffer.deallocate() }
        while true {
            if isCancelled() { throw CancellationError() }
            let count = FileCall.read(descriptor, buffer.baseAddress, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failure("read", errno) }
            guard count > 0 else { return hash.finish() }
            hash.add(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
    }
}
