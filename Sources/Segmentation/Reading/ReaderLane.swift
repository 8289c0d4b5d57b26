import Dispatch
import RasterIO
import Synchronization
import TileGeometry

/// One of the threads that read a scene, with a dataset of its own.
///
/// @unchecked Sendable: all that changes is used on the lane's serial queue alone.
final class ReaderLane: @unchecked Sendable {
    private let queue: DispatchQueue
    private let scene: ResampledReader
    private let bands: [Int]
    private let times: StageTimes
    /// The scene itself for the first lane; opened when it is first needed for others.
    private var reader: ResampledReader?
    /// [bands][rows][columns] of a part of a slot's window, and its [rows][columns].
    private var samples: [Float] = []
    private var validity: [UInt8] = []

    init(number: Int, of scene: ResampledReader, bands: [Int], times: StageTimes) {
        queue = DispatchQueue(label: "overtile.reader \(number)")
        self.scene = scene
        self.bands = bands
        self.times = times
        reader = number == 0 ? scene : nil
    }

    /// Reads a part of a slot's window to its place there, after what was asked for before.
    func read(_ part: PixelWindow, of slot: TileSlot, done: @escaping @Sendable ((any Error)?) -> Void) {
        queue.async {
            do {
                try self.times.measure(.reading) { try self.readNow(part, slot) }
                done(nil)
            } catch {
                done(error)
            }
        }
    }

    private func readNow(_ part: PixelWindow, _ slot: TileSlot) throws {
        let reader = try self.reader ?? scene.reopened()
        self.reader = reader
        if part == slot.window {
            let count = part.size.area
            try reader.read(
                part, bands: bands, into: UnsafeMutableBufferPointer(rebasing: slot.samples[..<(bands.count * count)]),
                validity: UnsafeMutableBufferPointer(rebasing: slot.validity[..<count]))
            return
        }
        let missing = part.size.area - validity.count
        if missing > 0 {
            samples += repeatElement(0, count: bands.count * missing)
            validity += repeatElement(0, count: missing)
        }
        try samples.withUnsafeMutableBufferPointer { samples in
            try validity.withUnsafeMutableBufferPointer { validity in
                try reader.read(part, bands: bands, into: samples, validity: validity)
                slot.put(part, samples: UnsafeBufferPointer(samples), validity: UnsafeBufferPointer(validity))
            }
        }
    }
}

extension TileSlot {
    /// Copies a part of the window, read for itself, to its place.
    fileprivate func put(
        _ part: PixelWindow, samples source: UnsafeBufferPointer<Float>,
        validity sourceValidity: UnsafeBufferPointer<UInt8>
    ) {
        let window = self.window
        let bands = samples.count / validity.count
        for row in 0..<part.height {
            let place = (part.y - window.y + row) * window.width + part.x - window.x
            for band in 0..<bands {
                let from = source.baseAddress! + (band * part.height + row) * part.width
                (samples.baseAddress! + band * window.size.area + place).update(from: from, count: part.width)
            }
            let from = sourceValidity.baseAddress! + row * part.width
            (validity.baseAddress! + place).update(from: from, count: part.width)
        }
    }
}

/// Calls back once, when the last of several things is done: with the first error, if there was one.
final class Countdown: Sendable {
    private let state: Mutex<(missing: Int, error: (any Error)?)>
    private let done: @Sendable ((any Error)?) -> Void

    init(_ count: Int, _ done: @escaping @Sendable ((any Error)?) -> Void) {
        state = Mutex((count, nil))
        self.done = done
    }

    func finish(_ error: (any Error)?) {
        let result = state.withLock { state in
            state.missing -= 1
            state.error = state.error ?? error
            return state.missing == 0 ? Optional(state.error) : nil
        }
        if let result { done(result) }
    }
}
