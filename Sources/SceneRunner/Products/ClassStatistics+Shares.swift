import MaskProducts

extension ClassStatistics {
    /// The classes that have a pixel, by ascending value, and last, where there are any, the pixels without data.
    var shares: [ClassShare] {
        var shares = classes.filter { $0.amount.pixels > 0 }.map { row in
            ClassShare(
                value: row.value, name: row.name, pixels: row.amount.pixels, share: row.share ?? 0,
                hectares: row.amount.hectares)
        }
        if nodata.pixels > 0 {
            shares.append(
                ClassShare(
                    value: nil, name: "no data", pixels: nodata.pixels,
                    share: Double(nodata.pixels) / Double(valid.pixels + nodata.pixels), hectares: nodata.hectares))
        }
        return shares
    }
}
