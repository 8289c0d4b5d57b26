import CLinux
import Foundation
import Glibc

/// The processors and the memory that this process may use: the machine's, or less where its affinity or a control group
/// says so, as in a container and in a scheduler's job.
package struct GrantedResources: Equatable, Sendable {
    /// The number of processors. A share of them such as 1.5 counts as two.
    package let processors: Int
    /// The memory in bytes.
    package let memory: Int

    /// What was granted when this was first asked for.
    package static let current = GrantedResources(
        processors: affinity, memory: sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE)),
        groups: ControlGroups(root: ""))

    /// Makes the less of what there is and of what the control groups allow.
    init(processors: Int, memory: Int, groups: ControlGroups) {
        self.processors = max(1, min(processors, groups.processors ?? processors))
        self.memory = min(memory, groups.memory ?? memory)
    }

    /// The number of processors that the process may run on, as `taskset` and schedulers set it.
    private static var affinity: Int {
        var set = cpu_set_t()
        let count = withUnsafeMutableBytes(of: &set) { bytes in
            sched_getaffinity(0, bytes.count, bytes.baseAddress!.assumingMemoryBound(to: cpu_set_t.self)) == 0
                ? bytes.reduce(0) { $0 + $1.nonzeroBitCount } : 0
        }
        // A machine may have more of them than the set.
        return count > 0 ? count : sysconf(Int32(_SC_NPROCESSORS_ONLN))
    }
}

/// The limits of the control groups that this process is in: a group's own, and those of all groups around it.
///
/// Both versions are read, as many clusters have the first (Linux, Documentation/admin-guide/cgroup-v1 and cgroup-v2.rst).
struct ControlGroups {
    /// The processors that the groups may use at the same time, rounded up; nil without a limit.
    let processors: Int?
    /// The bytes of memory that they may use; nil without a limit.
    let memory: Int?

    /// Reads the limits.
    ///
    /// - Parameter root: the folder that `proc` lies in, and below which mounts are looked up; empty for the system's own.
    init(root: String) {
        let groups = Self.lines(root + "/proc/self/cgroup").compactMap(Group.init)
        let mounts = Self.lines(root + "/proc/self/mountinfo").compactMap(Mount.init)
        var memory: [Int] = []
        var processors: [Int] = []
        for mount in mounts {
            guard let group = groups.first(where: mount.has) else { continue }
            for folder in mount.folders(of: group).map({ root + $0 }) {
                let names = mount.isSecondVersion ? ["memory.max", "memory.high"] : ["memory.limit_in_bytes"]
                memory += names.compactMap { Self.numbers(folder + "/" + $0).first }
                let time =
                    mount.isSecondVersion
                    ? Self.numbers(folder + "/cpu.max")
                    : Self.numbers(folder + "/cpu.cfs_quota_us") + Self.numbers(folder + "/cpu.cfs_period_us")
                // The time of processors in each period; -1 and "max" are no limit.
                if time.count == 2, time[0] > 0, time[1] > 0 { processors.append((time[0] - 1) / time[1] + 1) }
            }
        }
        self.memory = memory.filter { $0 > 0 }.min()
        self.processors = processors.min()
    }

    /// A line of /proc/self/cgroup: "4:memory:/jobs/7", and in the second version "0::/jobs/7".
    private struct Group {
        let controllers: [Substring]
        let path: String

        init?(_ line: Substring) {
            let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard fields.count == 3 else { return nil }
            controllers = fields[1].split(separator: ",")
            path = String(fields[2])
        }
    }

    /// A line of /proc/self/mountinfo: "35 31 0:32 ROOT POINT rw shared:1 - cgroup cgroup rw,memory".
    private struct Mount {
        let root: String
        let point: String
        let isSecondVersion: Bool
        let options: [Substring]

        init?(_ line: Substring) {
            let fields = line.split(separator: " ")
            guard let dash = fields.firstIndex(of: "-"), dash >= 6, fields.count > dash + 3,
                fields[dash + 1].hasPrefix("cgroup")
            else { return nil }
            root = Self.plain(fields[3])
            point = Self.plain(fields[4])
            isSecondVersion = fields[dash + 1] == "cgroup2"
            options = fields[dash + 3].split(separator: ",")
        }

        func has(_ group: Group) -> Bool {
            isSecondVersion
                ? group.controllers.isEmpty
                : group.controllers.contains { ["memory", "cpu"].contains($0) && options.contains($0) }
        }

        /// The folders of a group and of those around it, as far as they are mounted.
        func folders(of group: Group) -> [String] {
            var folders = [point]
            let isInside = root == "/" || group.path == root || group.path.hasPrefix(root + "/")
            let below = isInside ? group.path.dropFirst(root == "/" ? 0 : root.count) : ""
            for name in below.split(separator: "/") {
                // A group beside the mounted ones.
                if name == ".." { return [point] }
                folders.append(folders[folders.count - 1] + "/" + name)
            }
            return folders
        }

        /// Spaces are written as digits there.
        private static func plain(_ field: Substring) -> String { field.replacingOccurrences(of: "\\040", with: " ") }
    }

    private static func lines(_ path: String) -> [Substring] {
        ((try? String(contentsOfFile: path, encoding: .utf8)) ?? "").split(separator: "\n")
    }

    /// The numbers of a file's first line; a word such as "max" is left out.
    private static func numbers(_ path: String) -> [Int] {
        lines(path).first?.split(separator: " ").compactMap { Int($0) } ?? []
    }
}
