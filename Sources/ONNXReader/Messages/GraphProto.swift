/// Operations, constants, inputs and outputs; each value has a name.
struct GraphProto: Sendable {
    var nodes: [NodeProto] = []
    /// Constants, weights among them.
    var initializers: [TensorProto] = []
    /// In files from before 2019 initializers are listed here too.
    var inputs: [ValueInfoProto] = []
    var outputs: [ValueInfoProto] = []
    /// What the exporter knew of values in between; not needed, as shapes are worked out anew.
    var valueInfo: [ValueInfoProto] = []
}
