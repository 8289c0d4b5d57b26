#!/bin/sh
# Runs examples/slurm on a Slurm cluster of two nodes, which it starts on this machine, and does to its jobs what clusters
# do: each part is requeued, killed, or loses its node's daemon at a random moment. The outputs must have the bytes of an
# undivided run, and nothing may be left over.
#
#     OVERTILE=.build/release/overtile sh Tests/slurm/run.sh [ROUNDS]
#
# ROUNDS is 1 by default. Leaves with 0 and a message where no cluster can be started: without root's rights or Slurm, or
# where Slurm's daemons do not run on this machine.
set -eu

overtile=$(realpath "${OVERTILE:?set OVERTILE to the program}")
rounds=${1:-1}
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
PATH=$PATH:/usr/sbin:/sbin
[ "$(id -u)" -eq 0 ] || { echo 'slurm: skipped, as it takes root to start a cluster'; exit 0; }
for tool in slurmctld slurmd sbatch munged; do
    command -v "$tool" >/dev/null || { echo "slurm: skipped, as there is no $tool"; exit 0; }
done
place=$(mktemp -d)
finish() {
    sh "$here/cluster.sh" stop "$place/cluster"
    # Daemons that were just told to end may still be writing.
    sleep 1
    rm -rf "$place"
}
trap finish EXIT
mkdir "$place/cluster"
sh "$here/cluster.sh" start "$place/cluster" 2>"$place/start.log" || {
    cat "$place/start.log"
    echo 'slurm: skipped, as its daemons do not run on this machine'
    exit 0
}

# The example as somebody would change it for nodes of one processor.
sed 's/--cpus-per-task=4/--cpus-per-task=1/; s/--mem-per-cpu=2G/--mem-per-cpu=1500M/' "$root/examples/slurm/segment.sh" \
    >"$place/segment.sh"
SLURM_CONF=$place/cluster/slurm.conf OVERTILE=$overtile \
    python3 "$here/disturb.py" "$place" "$root/examples/models/water.safetensors" "$rounds"
