import COvertileKernels
import Foundation
import NetworkGraph

/// Operations of transformers, and those that move pixels into channels: plain loops, right first.
extension PortableKernels {
    /// Returns nil for operations that have kernels elsewhere.
    static func tokenLoop(
        _ operation: MapOperation, from maps: [overtile_map], to dst: overtile_map
    ) -> LoopKernel.Loop? {
        let src = maps[0]
        switch operation {
        case .cubicResampling(let rows, let columns): return cubic(rows, columns, src, dst)
        case .globalMaximum:
            return { from, to in
                for channel in 0..<dst.channels {
                    var largest = -Float.infinity
                    src.forEachPixel { largest = max(largest, from[0][src.place(channel, $0, $1)]) }
                    to[dst.place(channel, 0, 0)] = largest
                }
            }
        case .channelMaximum(let positions):
            return { from, to in
                dst.forEachPixel { row, column in
                    dst.clear(to, row, column)
                    var largest = -Float.infinity
                    for position in positions { largest = max(largest, from[0][src.place(position, row, column)]) }
                    to[dst.place(0, row, column)] = largest
                }
            }
        case .groupedSoftmax(let groups):
            return { from, to in
                dst.forEachPixel { row, column in
                    dst.clear(to, row, column)
                    for group in groups {
                        var (largest, sum) = (-Float.infinity, Float(0))
                        for channel in group { largest = max(largest, from[0][src.place(channel, row, column)]) }
                        for channel in group {
                            let power = expf(from[0][src.place(channel, row, column)] - largest)
                            to[dst.place(channel, row, column)] = power
                            sum += power
                        }
                        for channel in group { to[dst.place(channel, row, column)] /= sum }
                    }
                }
            }
        case .channelNormalization(let positions, let scale, let shift, let epsilon):
            let count = Float(positions.count)
            return { from, to in
                dst.forEachPixel { row, column in
                    dst.clear(to, row, column)
                    var (mean, variance) = (Float(0), Float(0))
                    for channel in positions { mean += from[0][src.place(channel, row, column)] }
                    mean /= count
                    for channel in positions {
                        let difference = from[0][src.place(channel, row, column)] - mean
                        variance += difference * difference
                    }
                    let factor = 1 / (variance / count + epsilon).squareRoot()
                    for channel in positions {
                        let value = (from[0][src.place(channel, row, column)] - mean) * factor
                        to[dst.place(channel, row, column)] = value * scale[channel] + shift[channel]
                    }
                }
            }
        case .shuffle(let shuffle): return moves(shuffle, src, dst)
        case .rearrangement(let rearrangement, let channels, let positions):
            return moves(rearrangement, channels, positions, src, dst)
        case .pixelArithmetic(let arithmetic, let constant, let positions):
            return { from, to in
                dst.forEachPixel { row, column in
                    dst.clear(to, row, column)
                    for (channel, position) in positions.enumerated() {
                        let own = from[0][src.place(position, row, column)]
                        let other = constant.value(channel: channel, row: row, column: column)
                        to[dst.place(position, row, column)] =
                            constant.isFirst ? arithmetic.value(other, own) : arithmetic.value(own, other)
                    }
                }
            }
        default: return nil
        }
    }

    private static func cubic(
        _ rows: [Resize.Taps], _ columns: [Resize.Taps], _ src: overtile_map, _ dst: overtile_map
    ) -> LoopKernel.Loop {
        { from, to in
            for channel in 0..<dst.channels {
                dst.forEachPixel { row, column in
                    let (y, x) = (rows[row], columns[column])
                    var sum = Float(0)
                    for i in 0..<4 {
                        var line = Float(0)
                        for j in 0..<4 {
                            line += x.weights[j] * from[0][src.place(channel, y.positions[i], x.positions[j])]
                        }
                        sum += y.weights[i] * line
                    }
                    to[dst.place(channel, row, column)] = sum
                }
            }
        }
    }

    private static func moves(
        _ rearrangement: Rearrangement, _ channels: [Int], _ positions: [Int], _ src: overtile_map, _ dst: overtile_map
    ) -> LoopKernel.Loop {
        let alongChannels = rearrangement.steps(along: .channels)
        let alongRows = rearrangement.steps(along: .rows)
        let alongColumns = rearrangement.steps(along: .columns)
        return { from, to in
            dst.forEachPixel { row, column in
                dst.clear(to, row, column)
                let (y, x) = (alongRows[row], alongColumns[column])
                let first = (channel: y.channel + x.channel, row: y.row + x.row, column: y.column + x.column)
                for (step, position) in zip(alongChannels, positions) {
                    to[dst.place(position, row, column)] =
                        from[0][
                            src.place(
                                channels[first.channel + step.channel], first.row + step.row, first.column + step.column
                            )]
                }
            }
        }
    }

    private static func moves(
        _ shuffle: PixelShuffle, _ src: overtile_map, _ dst: overtile_map
    ) -> LoopKernel.Loop {
        { from, to in
            dst.forEachPixel { row, column in
                dst.clear(to, row, column)
                for (channel, position) in shuffle.positions.enumerated() {
                    to[dst.place(position, row, column)] =
                        from[0][shuffle.source(channel, row, column) { src.place($0, $1, $2) }]
                }
            }
        }
    }
}

extension PixelShuffle {
    /// Returns the place in the source of a channel's pixel in the destination.
    func source(_ channel: Int, _ row: Int, _ column: Int, _ place: (_ channel: Int, _ row: Int, _ column: Int) -> Int)
        -> Int
    {
        if reduction > 1 {
            let (y, x) = places[channel].quotientAndRemainder(dividingBy: reduction)
            return place(channels[channel], row * reduction + y, column * reduction + x)
        }
        let (y, i) = (row + rowPhase).quotientAndRemainder(dividingBy: enlargement)
        let (x, j) = (column + columnPhase).quotientAndRemainder(dividingBy: enlargement)
        return place(channels[(channel * enlargement + i) * enlargement + j], y, x)
    }
}

extension Arithmetic {
    /// Returns what becomes of two values.
    func value(_ left: Float, _ right: Float) -> Float {
        switch self {
        case .addition: left + right
        case .subtraction: left - right
        case .multiplication: left * right
        case .division: left / right
        }
    }
}

extension overtile_map {
    /// Channels as stored.
    var channels: Int { blocks * block }

    /// The position of a channel's value at a pixel of the window, from the parent's first element.
    func place(_ channel: Int, _ row: Int, _ column: Int) -> Int {
        let (plane, lane) = channel.quotientAndRemainder(dividingBy: block)
        return ((plane * parent_height + top + row) * parent_width + left + column) * block + lane
    }

    func forEachPixel(_ body: (_ row: Int, _ column: Int) -> Void) {
        for row in 0..<height { for column in 0..<width { body(row, column) } }
    }

    /// Zeros in all channels of a pixel.
    func clear(_ to: UnsafeMutablePointer<Float>, _ row: Int, _ column: Int) {
        for channel in 0..<channels { to[place(channel, row, column)] = 0 }
    }
}
