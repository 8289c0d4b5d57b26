import COvertileKernels
import Testing
import TestMaps

/// Copies move the engine's rows and windows: every value arrives as it was, and nothing beside the window changes.
@Suite("Copies")
struct CopyTests {
    /// A window of a map in memory: [channels / block][rows][columns][block].
    struct Window: Sendable {
        var block: Int
        var channels: Int
        var rows: Int
        var columns: Int
        var top = 0
        var left = 0

        var strides: overtile_strides {
            overtile_strides(block: block, plane: rows * columns * block, row: columns * block, pixel: block)
        }
        var offset: Int { (top * columns + left) * block }
        var count: Int { channels * rows * columns }

        func index(_ channel: Int, _ row: Int, _ column: Int) -> Int {
            ((channel / block * rows + top + row) * columns + left + column) * block + channel % block
        }
    }

    struct Case: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let channels: Int
        let height: Int
        let width: Int
        let src: Window
        let dst: Window

        init(_ regime: String, _ extent: (Int, Int, Int), from src: Window, to dst: Window) {
            testDescription = regime
            (channels, height, width) = extent
            (self.src, self.dst) = (src, dst)
        }
    }

    static let cases: [Case] = [
        // Skips: a crop, alone or into a part of a larger buffer
        .init(
            "crop of blocks", (48, 9, 11),
            from: Window(block: 16, channels: 48, rows: 18, columns: 16, top: 4, left: 3),
            to: Window(block: 16, channels: 48, rows: 9, columns: 11)),
        .init(
            "crop of planes", (5, 9, 11), from: Window(block: 1, channels: 5, rows: 18, columns: 16, top: 4, left: 3),
            to: Window(block: 1, channels: 5, rows: 9, columns: 11)),
        .init(
            "window to window", (16, 9, 11),
            from: Window(block: 16, channels: 16, rows: 18, columns: 16, top: 4, left: 3),
            to: Window(block: 16, channels: 16, rows: 10, columns: 18, left: 7)),
        // Windows of maps of one size, as a chain moves its rows
        .init(
            "rows to rows above", (48, 2, 16), from: Window(block: 16, channels: 48, rows: 12, columns: 16, top: 6),
            to: Window(block: 16, channels: 48, rows: 12, columns: 16)),
        .init(
            "a window to another place", (48, 4, 5),
            from: Window(block: 16, channels: 48, rows: 12, columns: 15, top: 6, left: 1),
            to: Window(block: 16, channels: 48, rows: 12, columns: 15, top: 1, left: 8)),
        .init(
            "one pixel", (16, 1, 1), from: Window(block: 16, channels: 16, rows: 10, columns: 6, top: 4, left: 3),
            to: Window(block: 16, channels: 16, rows: 1, columns: 1)),
        .init(
            "whole map", (32, 9, 11), from: Window(block: 16, channels: 32, rows: 9, columns: 11),
            to: Window(block: 16, channels: 32, rows: 9, columns: 11)),
        // Between layouts, with and without channels that fill up the last block
        .init(
            "planes to blocks", (32, 9, 11), from: Window(block: 1, channels: 32, rows: 9, columns: 11),
            to: Window(block: 16, channels: 32, rows: 9, columns: 11)),
        .init(
            "blocks to planes", (32, 9, 11), from: Window(block: 16, channels: 32, rows: 9, columns: 11),
            to: Window(block: 1, channels: 32, rows: 9, columns: 11)),
        .init(
            "bands of a window to a window of a block", (3, 9, 11),
            from: Window(block: 1, channels: 3, rows: 13, columns: 17, top: 1, left: 2),
            to: Window(block: 16, channels: 16, rows: 15, columns: 15, top: 4, left: 3)),
        .init(
            "many bands to blocks", (21, 9, 11), from: Window(block: 1, channels: 21, rows: 9, columns: 11),
            to: Window(block: 16, channels: 32, rows: 9, columns: 11)),
        .init(
            "a window of blocks to classes", (17, 9, 11),
            from: Window(block: 16, channels: 32, rows: 13, columns: 17, top: 1, left: 2),
            to: Window(block: 1, channels: 17, rows: 11, columns: 13, top: 1, left: 1)),
        // oneDNN's block of processors without AVX-512
        .init(
            "blocks of 8 to blocks of 16", (24, 5, 7), from: Window(block: 8, channels: 24, rows: 5, columns: 7),
            to: Window(block: 16, channels: 32, rows: 5, columns: 7)),
    ]

    @Test("move values as they are, fill the last block with zeros, and touch nothing else", arguments: cases)
    func values(_ c: Case) {
        let input = Volume.noise(1, 1, c.src.count, seed: 21).values
        let canary: Float = 777
        var output = Array(repeating: canary, count: c.dst.count)
        input.withUnsafeBufferPointer { from in
            output.withUnsafeMutableBufferPointer { to in
                overtile_copy(
                    c.channels, c.height, c.width, c.src.strides, from.baseAddress! + c.src.offset, c.dst.strides,
                    to.baseAddress! + c.dst.offset)
            }
        }
        var expected = Array(repeating: canary, count: c.dst.count)
        let filled = (c.channels + c.dst.block - 1) / c.dst.block * c.dst.block
        for channel in 0..<filled {
            for row in 0..<c.height {
                for column in 0..<c.width {
                    expected[c.dst.index(channel, row, column)] =
                        channel < c.channels ? input[c.src.index(channel, row, column)] : 0
                }
            }
        }
        #expect(output == expected)
    }

    /// A window may slide within its own map, either way: rows are read before they are written.
    @Test("windows that overlap", arguments: [1, 3, -1, -3], [0, 1, -1])
    func overlapping(down: Int, right: Int) {
        let map = Window(block: 16, channels: 32, rows: 12, columns: 9)
        var (src, dst) = (map, map)
        (src.top, src.left) = (3, 1)
        (dst.top, dst.left) = (3 + down, 1 + right)
        let input = Volume.noise(1, 1, map.count, seed: 22).values
        var output = input
        output.withUnsafeMutableBufferPointer { values in
            overtile_copy(
                32, 6, 7, src.strides, values.baseAddress! + src.offset, dst.strides, values.baseAddress! + dst.offset)
        }
        var expected = input
        for channel in 0..<32 {
            for row in 0..<6 {
                for column in 0..<7 {
                    expected[dst.index(channel, row, column)] = input[src.index(channel, row, column)]
                }
            }
        }
        #expect(output == expected)
    }

    /// As an up-convolution's taps are put in place.
    @Test("every second pixel of every second row")
    func strided() {
        let input = Volume.noise(16, 3, 4, seed: 23).values
        let dense = overtile_strides(block: 16, plane: 3 * 4 * 16, row: 4 * 16, pixel: 16)
        let spread = overtile_strides(block: 16, plane: 6 * 8 * 16, row: 2 * 8 * 16, pixel: 2 * 16)
        var output = Array(repeating: Float(777), count: 6 * 8 * 16)
        overtile_copy(16, 3, 4, dense, input, spread, &output)
        for row in 0..<6 {
            for column in 0..<8 {
                for channel in 0..<16 {
                    let isWritten = row % 2 == 0 && column % 2 == 0
                    let from = (row / 2 * 4 + column / 2) * 16 + channel
                    #expect(output[(row * 8 + column) * 16 + channel] == (isWritten ? input[from] : 777))
                }
            }
        }
    }
}
