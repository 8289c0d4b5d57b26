#!/bin/sh
# Segments a scene on a Slurm cluster: an array of jobs computes parts of it, and a last job merges them. With a folder in
# the place of the mask, it segments a batch of scenes.
#
#     sh segment.sh PARTS MASK SCENE --model MODEL [options of overtile segment]
#     sh segment.sh 16 mask.tif scene.tif --model unet.pth --polygons mask.gpkg
#     sh segment.sh 16 masks/ scenes/ --model unet.pth --report report.html
#
# Scene, model and outputs lie on a file system that all nodes share. Given again, the same command goes on with what is
# there. OVERTILE is the program, if it is not on the nodes' PATH.
#
# What each part may use:
#SBATCH --cpus-per-task=4
#SBATCH --mem-per-cpu=2G
#SBATCH --time=12:00:00
# A part that is preempted, or whose node is lost, goes on from its last finished row of tiles.
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --job-name=overtile
set -eu

overtile=${OVERTILE:-overtile}

# Submits all of it, as one person's command.
submit() { # PARTS MASK SCENE OPTION...
    parts=$1
    mask=${2%/}
    [ "$mask" = "$2" ] || mkdir -p "$mask"
    shift 2
    [ $# -gt 0 ] || usage
    array=$(sbatch --parsable --array="1-$parts" --output="$mask.part-%a.log" "$0" part "$mask" "$@")
    # After the parts, however they ended: what is missing is named in the merge's log, with the command that makes it.
    merge=$(sbatch --parsable --dependency="afterany:${array%%;*}" --cpus-per-task=1 --output="$mask.merge.log" \
        "$0" merge "$mask")
    echo "parts: job ${array%%;*}, merge: job ${merge%%;*}, which makes $mask; logs: $mask.*.log"
}

usage() {
    sed -n 's/^#  *\(sh segment.sh PARTS.*\)/usage: \1/p' "$0" >&2
    exit 64
}

# What Slurm has granted, where it tells; Overtile sees the limits of its control group by itself.
granted() {
    workers=${SLURM_CPUS_PER_TASK:-}
    memory=${SLURM_MEM_PER_NODE:-}
    [ -n "$memory" ] || [ -z "${SLURM_MEM_PER_CPU:-}" ] || memory=$((SLURM_MEM_PER_CPU * ${workers:-1}))
    echo ${workers:+--workers "$workers"} ${memory:+--memory "$((memory * 3 / 4))M"}
}

case ${1:-} in
    part)
        mask=$2
        shift 2
        command=segment
        [ ! -d "$mask" ] || command=batch
        # In place of the shell, so that Slurm's SIGTERM reaches it: it ends within a tile, and keeps what it has. Where
        # the part's earlier process is still at work on another node, it waits for that.
        # shellcheck disable=SC2046
        exec "$overtile" "$command" "$@" --output "$mask" --part auto --wait $(granted)
        ;;
    merge) exec "$overtile" merge "$2" --wait ;;
    *[!0-9]* | '') usage ;;
    *) submit "$@" ;;
esac
