import Foundation

/// The loss of one head's scores over a batch, and its gradient.
///
/// All of it is computed in double, each sample's sums by themselves, and these are added in the samples' order.
struct LossPass {
    let loss: Loss
    /// The network's map of scores.
    let map: Int
    /// What the gradient is multiplied by: the share that this head has in the loss.
    let share: Double

    /// A sample's sums.
    private struct Sums {
        /// The sum of the weights, and that of what is weighted.
        var weight = 0.0
        var entropy = 0.0
        /// For each class Σpt, and Σp + Σt.
        var common: [Double]
        var total: [Double]
    }

    /// The classes of soft Dice.
    private func diceClasses(_ scores: Int) -> Int { loss.kind == .binaryCrossEntropy ? 1 : scores }

    /// Computes the loss, and writes its gradient to the map's.
    ///
    /// - Returns: the loss, before it is multiplied by the head's share; 0 where no pixel is labelled.
    func run(_ batch: TrainingBatch, _ run: TrainingRun) -> Double {
        let stored = run.maps[map]
        let classes = stored.channels
        let parts = DoubleBuffer(count: run.batch * (2 + 2 * classes))
        run.workers.run(run.batch) { sample, _ in
            let sums = self.sum(batch, run, sample)
            let to = parts.doubles + sample * (2 + 2 * classes)
            (to[0], to[1]) = (sums.weight, sums.entropy)
            for index in 0..<classes {
                (to[2 + index], to[2 + classes + index]) = (sums.common[index], sums.total[index])
            }
        }
        var total = Sums(common: Array(repeating: 0, count: classes), total: Array(repeating: 0, count: classes))
        for sample in 0..<run.batch {
            let from = parts.doubles + sample * (2 + 2 * classes)
            total.weight += from[0]
            total.entropy += from[1]
            for index in 0..<classes {
                total.common[index] += from[2 + index]
                total.total[index] += from[2 + classes + index]
            }
        }
        let sums = total
        run.workers.run(run.batch) { sample, _ in self.writeGradient(batch, run, sample, sums) }
        var result = total.weight > 0 ? total.entropy / total.weight : 0
        if loss.addsDice {
            let count = diceClasses(classes)
            var overlap = 0.0
            for index in 0..<count { overlap += (2 * sums.common[index] + 1) / (sums.total[index] + 1) }
            result += 1 - overlap / Double(count)
        }
        return result
    }

    /// What all pixels of a batch weigh together.
    func weight(of batch: TrainingBatch) -> Double {
        batch.targets.indices.reduce(0) { $0 + weight(batch, $1) }
    }

    /// What a pixel weighs, with the weight of its class; 0 where it is not labelled.
    private func weight(_ batch: TrainingBatch, _ pixel: Int) -> Double {
        let target = batch.targets[pixel]
        guard target != Loss.unlabelled else { return 0 }
        let own = batch.weights.map { Double($0[pixel]) } ?? 1
        return own * (loss.classWeights?[Int(target)] ?? 1)
    }

    /// A sample's sums. The probabilities go to where the gradient is to be.
    private func sum(_ batch: TrainingBatch, _ run: TrainingRun, _ sample: Int) -> Sums {
        let stored = run.maps[map]
        let classes = stored.channels
        var sums = Sums(common: Array(repeating: 0, count: classes), total: Array(repeating: 0, count: classes))
        let (values, gradient) = (run.values(map, sample), run.gradient(map, sample))
        var probabilities = [Double](repeating: 0, count: classes)
        for pixel in 0..<stored.pixels {
            let target = batch.targets[sample * stored.pixels + pixel]
            guard target != Loss.unlabelled else { continue }
            func place(_ channel: Int) -> Int {
                channel / StoredMap.block * stored.plane + pixel * StoredMap.block + channel % StoredMap.block
            }
            let weight = weight(batch, sample * stored.pixels + pixel)
            sums.weight += weight
            if loss.kind == .binaryCrossEntropy {
                let x = Double(values[place(0)])
                let isOne = target == 1
                probabilities[0] = 1 / (1 + exp(-x))
                // max(x, 0) - x t + log(1 + exp(-|x|))
                sums.entropy += weight * (max(x, 0) - (isOne ? x : 0) + log1p(exp(-abs(x))))
                if isOne { sums.common[0] += probabilities[0] }
                sums.total[0] += probabilities[0] + (isOne ? 1 : 0)
            } else {
                var largest = -Double.infinity
                for channel in 0..<classes { largest = max(largest, Double(values[place(channel)])) }
                var total = 0.0
                for channel in 0..<classes {
                    probabilities[channel] = exp(Double(values[place(channel)]) - largest)
                    total += probabilities[channel]
                }
                let own = Double(values[place(Int(target))]) - largest
                sums.entropy += weight * (log(total) - own)
                for channel in 0..<classes {
                    probabilities[channel] /= total
                    sums.total[channel] += probabilities[channel]
                }
                sums.common[Int(target)] += probabilities[Int(target)]
                sums.total[Int(target)] += 1
            }
            for channel in 0..<classes { gradient[place(channel)] = Float(probabilities[channel]) }
        }
        return sums
    }

    /// Turns a sample's probabilities into the gradient of the scores.
    private func writeGradient(_ batch: TrainingBatch, _ run: TrainingRun, _ sample: Int, _ sums: Sums) {
        let stored = run.maps[map]
        let classes = stored.channels
        let gradient = run.gradient(map, sample)
        let count = Double(diceClasses(classes))
        for pixel in 0..<stored.pixels {
            let target = batch.targets[sample * stored.pixels + pixel]
            func place(_ channel: Int) -> Int {
                channel / StoredMap.block * stored.plane + pixel * StoredMap.block + channel % StoredMap.block
            }
            guard target != Loss.unlabelled else {
                for channel in 0..<classes { gradient[place(channel)] = 0 }
                continue
            }
            func probability(_ channel: Int) -> Double { Double(gradient[place(channel)]) }
            func isTrue(_ channel: Int) -> Bool {
                loss.kind == .binaryCrossEntropy ? target == 1 : channel == Int(target)
            }
            /// The derivative of soft Dice's part by a class's probability.
            func dice(_ channel: Int) -> Double {
                let total = sums.total[channel] + 1
                return -((isTrue(channel) ? 2 / total : 0) - (2 * sums.common[channel] + 1) / (total * total)) / count
            }
            let weight = sums.weight > 0 ? weight(batch, sample * stored.pixels + pixel) / sums.weight : 0
            var common = 0.0
            if loss.addsDice, loss.kind == .crossEntropy {
                for channel in 0..<classes { common += dice(channel) * probability(channel) }
            }
            // Each class's gradient takes its own probability alone, besides sums that are known.
            for channel in 0..<classes {
                let p = probability(channel)
                var slope = weight * (p - (isTrue(channel) ? 1 : 0))
                if loss.addsDice {
                    slope += loss.kind == .crossEntropy ? p * (dice(channel) - common) : p * (1 - p) * dice(channel)
                }
                gradient[place(channel)] = Float(share * slope)
            }
        }
        clearFilling(run, sample)
    }

    /// What fills up blocks has no gradient.
    private func clearFilling(_ run: TrainingRun, _ sample: Int) {
        let stored = run.maps[map]
        let used = stored.channels % StoredMap.block
        guard used > 0 else { return }
        let last = run.gradient(map, sample) + (stored.planes - 1) * stored.plane
        for pixel in 0..<stored.pixels {
            (last + pixel * StoredMap.block + used).update(repeating: 0, count: StoredMap.block - used)
        }
    }
}
