extension Graph {
    /// The same function with as few normalisations left as possible.
    ///
    /// A normalisation right after a convolution goes into that convolution's weights. One that convolutions alone
    /// read goes forward into theirs: without padding, `Σ w (s x + t) = Σ (w s) x + Σ w t` holds at every pixel. What
    /// neither rule reaches stays.
    package func foldingNormalizations() -> Graph {
        foldingBackward().foldingForward()
    }

    /// The most normalisations that go into one convolution, one after the other: each is another step when its weights
    /// are loaded.
    private static let mostFolds = 32

    private func foldingBackward() -> Graph {
        let consumers = consumers
        var folds: [Value: Int] = [:]
        return rewritten { value, node, result in
            let count = node.inputs.first.map { folds[$0, default: 0] } ?? 0
            guard case .affine(let affine) = node.operation, consumers[self[value].inputs[0].index].count == 1,
                count < Self.mostFolds
            else { return result.append(node.operation, node.inputs, label: node.label) }
            let previous = result[node.inputs[0]]
            defer { folds[result.output] = count + 1 }
            switch previous.operation {
            case .convolution(var convolution):
                convolution.bias = affine.applied(toBias: convolution.bias)
                convolution.weights = convolution.weights.scaled(axis: 0, by: affine.scale)
                return result.append(.convolution(convolution), previous.inputs, label: previous.label)
            case .transposedConvolution(var convolution):
                convolution.bias = affine.applied(toBias: convolution.bias)
                convolution.weights = convolution.weights.scaled(axis: 1, by: affine.scale)
                return result.append(.transposedConvolution(convolution), previous.inputs, label: previous.label)
            default:
                return result.append(node.operation, node.inputs, label: node.label)
            }
        }.removingUnread()
    }

    private func foldingForward() -> Graph {
        let consumers = consumers
        func foldsForward(_ value: Value) -> Bool {
            guard case .affine = self[value].operation, value != output else { return false }
            return consumers[value.index].allSatisfy {
                if case .convolution(let convolution) = self[$0].operation { convolution.groups == 1 } else { false }
            }
        }
        return rewritten { value, node, result in
            if foldsForward(value) { return node.inputs[0] }
            if case .convolution(var convolution) = node.operation,
                let source = self[value].inputs.first, foldsForward(source),
                case .affine(let affine) = self[source].operation
            {
                convolution.bias = convolution.biasAbsorbing(affine.shift)
                convolution.weights = convolution.weights.scaled(axis: 1, by: affine.scale)
                return result.append(.convolution(convolution), node.inputs, label: node.label)
            }
            return result.append(node.operation, node.inputs, label: node.label)
        }
    }

    /// The same function without the nodes that the output does not depend on.
    func removingUnread() -> Graph {
        var isRead = Array(repeating: false, count: nodes.count)
        isRead[0] = true
        isRead[output.index] = true
        for index in nodes.indices.reversed() where isRead[index] {
            for input in nodes[index].inputs { isRead[input.index] = true }
        }
        return rewritten { value, node, result in
            isRead[value.index] ? result.append(node.operation, node.inputs, label: node.label) : result.input
        }
    }
}

extension ChannelAffine {
    /// `bias * scale + shift`.
    fileprivate func applied(toBias bias: ConstantTensor?) -> ConstantTensor {
        let (scale, shift) = (scale, shift)
        return ConstantTensor(shape: shift.shape) {
            guard let bias else { return shift.elements() }
            let factors = scale.elements()
            return zip(zip(bias.elements(), factors), shift.elements()).map { $0.0 * $0.1 + $1 }
        }
    }
}

extension Convolution {
    /// The bias once `shift` (a value for each input channel) has been added to every input pixel; groups are 1.
    fileprivate func biasAbsorbing(_ shift: ConstantTensor) -> ConstantTensor {
        let (weights, bias) = (weights, bias)
        return ConstantTensor(shape: [outputChannels]) {
            let (elements, shift) = (weights.elements(), shift.elements())
            var sums = bias?.elements() ?? Array(repeating: 0, count: weights.shape[0])
            let taps = weights.shape[2] * weights.shape[3]
            var position = 0
            for output in sums.indices {
                var sum = 0.0
                for input in shift.indices {
                    for _ in 0..<taps {
                        sum += Double(elements[position]) * Double(shift[input])
                        position += 1
                    }
                }
                sums[output] += Float(sum)
            }
            return sums
        }
    }
}

extension ConstantTensor {
    /// Each slice along `axis` multiplied by its own factor.
    fileprivate func scaled(axis: Int, by factors: ConstantTensor) -> ConstantTensor {
        let inner = shape[(axis + 1)...].reduce(1, *)
        let count = shape[axis]
        let original = self
        return ConstantTensor(shape: shape) {
            let factors = factors.elements()
            var elements = original.elements()
            for index in elements.indices { elements[index] *= factors[index / inner % count] }
            return elements
        }
    }
}
