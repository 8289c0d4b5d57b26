#!/bin/sh
# Starts a Slurm cluster of two nodes on this machine, or stops it:
#
#     cluster.sh start FOLDER     then SLURM_CONF=FOLDER/slurm.conf sbatch ...
#     cluster.sh stop FOLDER
#
# Needs root's rights, slurmctld, slurmd, slurm-client and munge. Ports of loopback are used from OVERTILE_SLURM_PORT on.
set -eu

action=$1
folder=$(realpath "$2")
port=${OVERTILE_SLURM_PORT:-17101}
PATH=$PATH:/usr/sbin:/sbin

start() {
    host=$(hostname -s)
    mkdir -p "$folder/state" "$folder/spool-n1" "$folder/spool-n2"
    cat >"$folder/slurm.conf" <<END
ClusterName=overtile
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$port
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$folder/munge.socket
StateSaveLocation=$folder/state
SlurmdSpoolDir=$folder/spool-%n
SlurmctldPidFile=$folder/slurmctld.pid
SlurmdPidFile=$folder/slurmd-%n.pid
SlurmctldLogFile=$folder/slurmctld.log
SlurmdLogFile=$folder/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
JobRequeue=1
ReturnToService=2
SlurmctldTimeout=10
SlurmdTimeout=10
MinJobAge=3600
MpiDefault=none
NodeName=n1 NodeHostname=$host NodeAddr=127.0.0.1 Port=$((port + 1)) CPUs=1 RealMemory=2000
NodeName=n2 NodeHostname=$host NodeAddr=127.0.0.1 Port=$((port + 2)) CPUs=1 RealMemory=2000
PartitionName=all Nodes=n1,n2 Default=YES MaxTime=INFINITE State=UP
END
    # A munge of its own: whatever this machine has is left alone.
    dd if=/dev/urandom of="$folder/munge.key" bs=1024 count=1 2>/dev/null
    chmod 400 "$folder/munge.key"
    munged --force --key-file="$folder/munge.key" --socket="$folder/munge.socket" --pid-file="$folder/munged.pid" \
        --log-file="$folder/munged.log" --seed-file="$folder/munged.seed"
    slurmctld -f "$folder/slurm.conf"
    for node in n1 n2; do slurmd -N "$node" -f "$folder/slurm.conf"; done
    tries=0
    until SLURM_CONF=$folder/slurm.conf sinfo -h -o '%t %D' 2>/dev/null | grep -q 'idle 2'; do
        tries=$((tries + 1))
        [ "$tries" -lt 60 ] || { tail -n 5 "$folder"/*.log >&2; exit 1; }
        sleep 1
    done
}

stop() {
    for name in slurmd-n1 slurmd-n2 slurmctld munged; do
        [ ! -s "$folder/$name.pid" ] || kill "$(cat "$folder/$name.pid")" 2>/dev/null || true
    done
}

"$action"
