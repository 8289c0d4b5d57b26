import COneDNN
import TestMaps

extension odnn_map {
    static func plain(_ channels: Int, _ height: Int, _ width: Int) -> odnn_map {
        dense(ODNN_PLAIN, channels, height, width)
    }

    static func blocked(_ channels: Int, _ height: Int, _ width: Int) -> odnn_map {
        dense(ODNN_BLOCKED, channels, height, width)
    }

    static func dense(_ layout: odnn_layout, _ channels: Int, _ height: Int, _ width: Int) -> odnn_map {
        odnn_map(
            layout: layout, channels: Int64(channels), height: Int64(height), width: Int64(width),
            parent_height: Int64(height), parent_width: Int64(width), top: 0, left: 0)
    }

    /// The same window in a larger parent, with these many rows and columns around it.
    func inParent(top: Int, left: Int, bottom: Int, right: Int) -> odnn_map {
        var map = self
        map.parent_height = height + Int64(top + bottom)
        map.parent_width = width + Int64(left + right)
        map.top = Int64(top)
        map.left = Int64(left)
        return map
    }

    var parentCount: Int { Int(channels * parent_height * parent_width) }

    /// Where a window's value lies in its parent's buffer.
    func index(_ c: Int, _ y: Int, _ x: Int) -> Int {
        let block = layout == ODNN_BLOCKED ? Int(odnn_channel_block()) : 1
        let plane = Int(parent_height * parent_width)
        let pixel = (y + Int(top)) * Int(parent_width) + x + Int(left)
        return (c / block * plane + pixel) * block + c % block
    }

    /// The parent's buffer: the volume in the window, zeros in padding channels, `outside` all around.
    func buffer(_ volume: Volume?, outside: Float) -> [Float] {
        var values = [Float](repeating: outside, count: parentCount)
        guard let volume else { return values }
        for c in 0..<Int(channels) {
            for y in 0..<Int(height) {
                for x in 0..<Int(width) { values[index(c, y, x)] = c < volume.channels ? volume[c, y, x] : 0 }
            }
        }
        return values
    }

    func volume(of buffer: [Float]) -> Volume {
        var volume = Volume(Int(channels), Int(height), Int(width))
        for c in 0..<volume.channels {
            for y in 0..<volume.height {
                for x in 0..<volume.width { volume[c, y, x] = buffer[index(c, y, x)] }
            }
        }
        return volume
    }
}

extension odnn_kernel {
    static func square(_ size: Int, stride: Int = 1, dilation: Int = 1, groups: Int = 1) -> odnn_kernel {
        odnn_kernel(
            height: Int64(size), width: Int64(size), stride_y: Int64(stride), stride_x: Int64(stride),
            dilation_y: Int64(dilation), dilation_x: Int64(dilation), groups: Int64(groups))
    }

    var reachY: Int { Int((height - 1) * dilation_y) + 1 }
    var reachX: Int { Int((width - 1) * dilation_x) + 1 }
}

/// The references with taps as oneDNN's functions take them.
extension Reference {
    static func convolution(
        _ src: Volume, weights: [Float], bias: [Float], oc: Int, kernel: odnn_kernel, relu: Bool
    ) -> Volume {
        let taps = Taps(kernel)
        let height = (src.height - taps.reachY) / taps.strideY + 1
        let width = (src.width - taps.reachX) / taps.strideX + 1
        return convolution(src, weights: weights, bias: bias, taps, to: (oc, height, width), relu: relu)
    }

    static func deconvolution(
        _ src: Volume, weights: [Float], bias: [Float], oc: Int, kernel: odnn_kernel, relu: Bool
    ) -> Volume {
        transposedConvolution(src, weights: weights, bias: bias, Taps(kernel), oc: oc, relu: relu)
    }

    static func maxPooling(_ src: Volume, kernel: odnn_kernel) -> Volume { maxPooling(src, Taps(kernel)) }
}

extension Reference.Taps {
    fileprivate init(_ kernel: odnn_kernel) {
        self.init(
            height: Int(kernel.height), width: Int(kernel.width), strideY: Int(kernel.stride_y),
            strideX: Int(kernel.stride_x), dilationY: Int(kernel.dilation_y), dilationX: Int(kernel.dilation_x),
            groups: Int(kernel.groups))
    }
}
