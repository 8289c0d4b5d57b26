/// A network's weights in the orders in which kernels read them.
///
/// A network that is compiled for several sizes of output is given the same `PackedWeights` each time: its compilations
/// then share the weights instead of holding them once for each size.
package final class PackedWeights: Sendable {
    package init() {}
}
