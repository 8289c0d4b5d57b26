import NetworkGraph

/// Every operation as a plain loop, written to be read: slow, and the oracle that other backends are tested against.
///
/// A channel block of 1 makes both layouts [channels][height][width].
package struct ReferenceBackend: Backend {
    /// There is nothing to choose.
    package init() {}

    package let name = "reference"
    package let channelBlock = 1
    package let channelMultiple = 1
    package let readsWindows = false

    package func estimate(_ step: StepShape, from sources: [MapView], to destination: MapView) -> KernelEstimate {
        KernelEstimate(cost: Double(destination.elementCount), scratchByteCount: 0)
    }

    package func convolution(
        from sources: [MapView], to destination: MapView, _ parameters: ConvolutionParameters, weights: PackedWeights
    ) -> any Kernel {
        let source = sources[0]
        let (weights, bias) = (parameters.weights(), parameters.bias())
        return LoopKernel(implementation: "reference convolution") { from, dst in
            let src = from[0]
            let (kh, kw, stride) = (parameters.kernel.height, parameters.kernel.width, parameters.kernel.stride)
            let groups = parameters.kernel.groups
            let (inputs, outputs) = (source.channels / groups, destination.channels / groups)
            for oc in 0..<destination.channels {
                for oh in 0..<destination.height {
                    for ow in 0..<destination.width {
                        var sum = bias[oc]
                        for channel in 0..<inputs {
                            let ic = oc / outputs * inputs + channel
                            for ky in 0..<kh {
                                for kx in 0..<kw {
                                    let ih = oh * stride + ky * parameters.kernel.dilation - parameters.padding.top
                                    let iw = ow * stride + kx * parameters.kernel.dilation - parameters.padding.left
                                    guard source.contains(ih, iw) else { continue }
                                    let weight = weights[((oc * inputs + channel) * kh + ky) * kw + kx]
                                    sum += src[source.offset(ic, ih, iw)] * weight
                                }
                            }
                        }
                        dst[destination.offset(oc, oh, ow)] = parameters.relu ? max(0, sum) : sum
                    }
                }
            }
        }
    }

    package func transposedConvolution(
        from source: MapView, to destination: MapView, _ parameters: ConvolutionParameters, weights: PackedWeights
    ) -> any Kernel {
        let (weights, bias) = (parameters.weights(), parameters.bias())
        return LoopKernel(implementation: "reference up-convolution") { from, dst in
            let src = from[0]
            let (kh, kw, stride) = (parameters.kernel.height, parameters.kernel.width, parameters.kernel.stride)
            for oc in 0..<destination.channels {
                for oh in 0..<destination.height {
                    for ow in 0..<destination.width {
                        var sum = bias[oc]
                        for ky in 0..<kh where (oh - ky) % stride == 0 {
                            for kx in 0..<kw where (ow - kx) % stride == 0 {
                                let (ih, iw) = ((oh - ky) / stride, (ow - kx) / stride)
                                guard oh >= ky, ow >= kx, ih < source.height, iw < source.width else { continue }
                                for ic in 0..<source.channels {
                                    let weight = weights[
                                        ((ic * destination.channels + oc) * kh + ky) * kw + kx]
                                    sum += src[source.offset(ic, ih, iw)] * weight
                                }
                            }
                        }
                        dst[destination.offset(oc, oh, ow)] = parameters.relu ? max(0, sum) : sum
                    }
                }
            }
        }
    }

    package func maxPooling(
        from source: MapView, to destination: MapView, extent: Int, stride: Int
    ) -> any Kernel {
        LoopKernel(implementation: "reference max pooling") { from, dst in
            let src = from[0]
            destination.forEachPixel { c, oh, ow in
                var largest = -Float.infinity
                for ky in 0..<extent {
                    for kx in 0..<extent {
                        largest = max(largest, src[source.offset(c, oh * stride + ky, ow * stride + kx)])
                    }
                }
                dst[destination.offset(c, oh, ow)] = largest
            }
        }
    }

    package func bilinearUpsampling(from source: MapView, to destination: MapView, factor: Int) -> any Kernel {
        LoopKernel(implementation: "reference bilinear upsampling") { from, dst in
            let src = from[0]
            func neighbours(_ position: Int, _ count: Int) -> (low: Int, high: Int, weight: Float) {
                let place = max(0, (Float(position) + 0.5) / Float(factor) - 0.5)
                let low = min(Int(place), count - 1)
                return (low, min(low + 1, count - 1), place - Float(low))
            }
            destination.forEachPixel { c, oh, ow in
                let (y, x) = (neighbours(oh, source.height), neighbours(ow, source.width))
                func row(_ ih: Int) -> Float {
                    src[source.offset(c, ih, x.low)] * (1 - x.weight) + src[source.offset(c, ih, x.high)] * x.weight
                }
                dst[destination.offset(c, oh, ow)] = row(y.low) * (1 - y.weight) + row(y.high) * y.weight
            }
        }
    }

    package func affine(
        from source: MapView, to destination: MapView, scale: [Float], shift: [Float]
    ) -> any Kernel {
        LoopKernel(implementation: "reference normalisation") { from, dst in
            let src = from[0]
            destination.forEachPixel { c, h, w in
                dst[destination.offset(c, h, w)] = src[source.offset(c, h, w)] * scale[c] + shift[c]
            }
        }
    }

    package func copy(from source: MapView, to destination: MapView) -> any Kernel {
        LoopKernel(implementation: "reference copy") { from, dst in
            let src = from[0]
            destination.forEachPixel { c, h, w in
                dst[destination.offset(c, h, w)] = c < source.channels ? src[source.offset(c, h, w)] : 0
            }
        }
    }
}

extension MapView {
    /// Position of an element of a map with a channel block of 1, from the parent's first element.
    func offset(_ channel: Int, _ row: Int, _ column: Int) -> Int {
        (channel * parentHeight + top + row) * parentWidth + left + column
    }

    /// Beyond the window there are zeros.
    func contains(_ row: Int, _ column: Int) -> Bool {
        (0..<height).contains(row) && (0..<width).contains(column)
    }

    func forEachPixel(_ body: (_ channel: Int, _ row: Int, _ column: Int) -> Void) {
        for channel in 0..<channels {
            for row in 0..<height {
                for column in 0..<width { body(channel, row, column) }
            }
        }
    }
}
