import Foundation
import Testing

@testable import FileIO

/// What a process may use of its machine, as Linux tells it in files. The trees are those of Slurm, Docker, Kubernetes and
/// systemd.
@Suite("Granted resources")
struct GrantedResourcesTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let what: String
        let groups: String
        let mounts: String
        var files: [String: String] = [:]
        var processors: Int?
        var memory: Int?
        var testDescription: String { what }
    }

    static let cgroup2 = "30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate"
    static let first = [
        "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct",
        "35 31 0:32 / /sys/fs/cgroup/memory rw shared:9 - cgroup cgroup rw,memory",
    ].joined(separator: "\n")

    static let cases = [
        // Nothing is known: the machine's own.
        Case(what: "no control groups", groups: "", mounts: "22 1 8:1 / / rw - ext4 /dev/sda1 rw"),
        Case(what: "the root's group, which has no files", groups: "0::/", mounts: cgroup2),
        Case(
            what: "no limits", groups: "0::/user.slice", mounts: cgroup2,
            files: [
                "user.slice/memory.max": "max\n", "user.slice/memory.high": "max", "user.slice/cpu.max": "max 100000\n",
            ]),
        // The second version: the least of all groups around.
        Case(
            what: "systemd's slice around a service", groups: "0::/a.slice/b.service", mounts: cgroup2,
            files: [
                "a.slice/memory.max": "2000000000\n", "a.slice/b.service/memory.max": "max\n",
                "a.slice/cpu.max": "300000 100000\n", "a.slice/b.service/cpu.max": "150000 100000\n",
            ], processors: 2, memory: 2_000_000_000),
        Case(
            what: "a limit above which the system slows the process down", groups: "0::/a", mounts: cgroup2,
            files: ["a/memory.high": "1000000000\n", "a/memory.max": "2000000000\n"], memory: 1_000_000_000),
        // A container sees its own group as the root.
        Case(
            what: "a container with half a processor", groups: "0::/", mounts: cgroup2,
            files: ["memory.max": "536870912\n", "cpu.max": "50000 100000\n"], processors: 1, memory: 536_870_912),
        Case(
            what: "a group beside the mounted ones", groups: "0::/../other", mounts: cgroup2,
            files: ["memory.max": "536870912\n", "../other/memory.max": "1\n"], memory: 536_870_912),
        // The first version, with a folder for each controller.
        Case(
            what: "Slurm's job", groups: "4:memory:/slurm/job_7/step_0\n3:cpuacct,cpu:/slurm/job_7\n0::/",
            mounts: first,
            files: [
                "memory/slurm/job_7/memory.limit_in_bytes": "3000000000\n",
                "memory/slurm/job_7/step_0/memory.limit_in_bytes": "9223372036854771712\n",
                "cpu,cpuacct/slurm/job_7/cpu.cfs_quota_us": "400000\n",
                "cpu,cpuacct/slurm/job_7/cpu.cfs_period_us": "100000\n",
            ], processors: 4, memory: 3_000_000_000),
        Case(
            what: "no quota", groups: "3:cpuacct,cpu:/a", mounts: first,
            files: ["cpu,cpuacct/a/cpu.cfs_quota_us": "-1\n", "cpu,cpuacct/a/cpu.cfs_period_us": "100000\n"]),
        // Docker without a name space: the mount's root is the group.
        Case(
            what: "a container of the first version", groups: "4:memory:/docker/ab",
            mounts: "35 31 0:32 /docker/ab /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory",
            files: ["memory/memory.limit_in_bytes": "700000000\n"], memory: 700_000_000),
        // What the kernel never writes is no limit.
        Case(
            what: "nonsense", groups: "0::/a\nx\n:::", mounts: cgroup2 + "\n1 2 - cgroup2",
            files: ["a/memory.max": "-5 oh\n", "a/cpu.max": "0 0\n"]),
    ]

    @Test("The least of all limits around the process counts", arguments: cases)
    func limits(of each: Case) throws {
        let root = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
        defer { try? FileManager.default.removeItem(atPath: root) }
        func write(_ text: String, _ path: String) throws {
            let url = URL(fileURLWithPath: root + path)
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try text.write(to: url, atomically: true, encoding: .utf8)
        }
        try write(each.groups, "/proc/self/cgroup")
        try write(each.mounts, "/proc/self/mountinfo")
        for (path, text) in each.files { try write(text, "/sys/fs/cgroup/" + path) }
        let groups = ControlGroups(root: root)
        #expect(groups.processors == each.processors)
        #expect(groups.memory == each.memory)
        // What the machine has is the most.
        let granted = GrantedResources(processors: 3, memory: 1_500_000_000, groups: groups)
        #expect(granted.processors == min(3, each.processors ?? 3))
        #expect(granted.memory == min(1_500_000_000, each.memory ?? 1_500_000_000))
    }
}
