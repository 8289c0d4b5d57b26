/// The values that a pickle stored to come back to, by number.
///
/// Writers number them 0, 1, 2...; only numbers out of that order cost a dictionary.
struct PickleMemo {
    private var inOrder: [PickleValue] = []
    private var others: [Int: PickleValue] = [:]

    var count: Int { inOrder.count + others.count }

    /// Memory that the values take, in bytes; arrays and dictionaries have room to grow.
    var byteCount: Int { inOrder.count * 32 + others.count * 96 }

    subscript(index: Int) -> PickleValue? {
        get { inOrder.indices.contains(index) ? inOrder[index] : others[index] }
        set {
            guard let newValue else { return }
            if inOrder.indices.contains(index) {
                inOrder[index] = newValue
            } else if index == inOrder.count {
                inOrder.append(newValue)
                others[index] = nil
            } else {
                others[index] = newValue
            }
        }
    }
}
