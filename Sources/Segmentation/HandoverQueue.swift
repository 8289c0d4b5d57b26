import Dispatch
import Synchronization

/// A first-in, first-out queue between threads; `pop` waits for an element.
///
/// It has no bound of its own: what passes through it are the pipeline's tile slots, of which there is a fixed number.
final class HandoverQueue<Element: Sendable>: Sendable {
    private struct State {
        var elements: [Element] = []
        var isClosed = false
    }

    private let state = Mutex(State())
    private let available = DispatchSemaphore(value: 0)

    init(_ elements: [Element] = []) {
        for element in elements { push(element) }
    }

    /// Elements pushed after `close` are dropped.
    func push(_ element: Element) {
        let isAccepted = state.withLock {
            if !$0.isClosed { $0.elements.append(element) }
            return !$0.isClosed
        }
        if isAccepted { available.signal() }
    }

    /// The oldest element; nil once the queue is closed and empty.
    func pop() -> Element? {
        available.wait()
        let (element, isClosed) = state.withLock {
            ($0.elements.isEmpty ? nil : $0.elements.removeFirst(), $0.isClosed)
        }
        // After the close one permit stays in circulation, so that every waiting thread wakes and leaves.
        if element == nil && isClosed { available.signal() }
        return element
    }

    /// No more elements come; those inside are still handed out, unless they are discarded.
    func close(discarding: Bool = false) {
        state.withLock {
            $0.isClosed = true
            if discarding { $0.elements.removeAll() }
        }
        available.signal()
    }
}
