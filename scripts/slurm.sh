#!/usr/bin/env bash
# Brings up a real Slurm of one node on this machine, runs a command with it, and takes it down again.
# Usage: slurm.sh COMMAND...   Needs root and Debian. A Slurm that answers already is used as it is.
# Jobs of its partition "urgent" take the node from those of "main", which are queued again.
set -euo pipefail

fail() { printf '%s\n' "$1" >&2; exit 1; }
[ $# -gt 0 ] || fail "Usage: slurm.sh COMMAND..."

if sinfo >/dev/null 2>&1; then
    exec "$@"
fi
[ "$(id -u)" = 0 ] || fail "Slurm can only be started by root."
if ! command -v slurmctld slurmd munged >/dev/null; then
    command -v apt-get >/dev/null || fail "There is no Slurm here, and no apt-get to install it."
    (apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends slurm-wlm munge) \
        >/dev/null 2>&1 || fail "Debian's packages slurm-wlm and munge could not be installed."
fi

state=$(mktemp -d -t relight-stage-slurm-XXXXXX)
export SLURM_CONF=$state/slurm.conf
pids=()
stop() {
    # Jobs that a failed test has left must be gone before those who could end them.
    timeout 30 sh -c 'scancel --quiet --full --signal KILL --user root
        while [ -n "$(squeue --noheader)" ]; do sleep 0.5; done' >/dev/null 2>&1 || true
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
    wait
    rm -rf "$state"
}
trap stop EXIT

# The daemons prove to each other by munge who they are.
if ! munge --no-input >/dev/null 2>&1; then
    [ -s /etc/munge/munge.key ] || mungekey --create
    mkdir -p /run/munge
    chown munge: /run/munge /etc/munge/munge.key
    setpriv --reuid munge --regid munge --init-groups munged --foreground >"$state/munged.log" 2>&1 &
    pids+=($!)
fi

host=$(hostname -s)
cat >"$SLURM_CONF" <<CONF
ClusterName=relight-stage
SlurmctldHost=$host(127.0.0.1)
SlurmUser=root
SlurmctldPort=16817
SlurmdPort=16818
SlurmctldPidFile=$state/slurmctld.pid
SlurmdPidFile=$state/slurmd.pid
SlurmctldLogFile=$state/slurmctld.log
SlurmdLogFile=$state/slurmd.log
StateSaveLocation=$state
SlurmdSpoolDir=$state/slurmd
AuthType=auth/munge
# A job that is queued again waits until its old credential is void.
AuthInfo=cred_expire=5
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SchedulerParameters=sched_interval=2,batch_sched_delay=1
ReturnToService=2
NodeName=$host NodeAddr=127.0.0.1 CPUs=$(nproc) RealMemory=$(awk '/MemTotal/ {print int($2 / 1024 * 0.9)}' /proc/meminfo)
PartitionName=main Nodes=$host Default=YES MaxTime=INFINITE State=UP PriorityTier=1 GraceTime=5
PartitionName=urgent Nodes=$host MaxTime=INFINITE State=UP PriorityTier=2
CONF

for daemon in slurmctld slurmd; do
    "$daemon" -D >"$state/$daemon.out" 2>&1 &
    pids+=($!)
done
for _ in $(seq 60); do
    [ "$(sinfo --noheader --format %T 2>/dev/null)" = idle ] && break
    sleep 0.5
done
[ "$(sinfo --noheader --format %T 2>/dev/null)" = idle ] ||
    fail "Slurm did not come up within 30 s: $(tail -n 3 "$state"/*.log "$state"/*.out 2>/dev/null)"
"$@"
