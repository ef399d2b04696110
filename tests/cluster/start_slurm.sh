#!/usr/bin/env bash
# Start a Slurm of one node on this machine, for the tests in this folder. As root, without systemd.
#   apt-get install -y slurm-wlm slurmdbd munge mariadb-server && tests/cluster/start_slurm.sh
# Accounting (slurmdbd) is part of it: without it nobody is told of a job that was killed.
set -eu

sinfo --noheader >/dev/null 2>&1 && { echo "Slurm is running already"; exit 0; }
for program in munged mariadbd slurmdbd slurmctld slurmd; do
    command -v "$program" >/dev/null || { echo "$program is not installed" >&2; exit 1; }
done

host=$(hostname -s) cores=$(nproc) memory=$(($(awk '/MemTotal/ {print $2}' /proc/meminfo) / 1024 - 512))
state=${SLURM_TEST_STATE:-/tmp/nnpipe-slurm}
mkdir -p "$state/ctld" "$state/d" /run/munge /run/mysqld
chown munge: /run/munge /etc/munge /var/lib/munge /var/log/munge
chown mysql: /run/mysqld
chown -R slurm: "$state"

[ -s /etc/munge/munge.key ] || { dd if=/dev/urandom of=/etc/munge/munge.key bs=1024 count=1 status=none
    chown munge: /etc/munge/munge.key; chmod 400 /etc/munge/munge.key; }
pgrep -x munged >/dev/null || setpriv --reuid=munge --regid=munge --clear-groups munged

pgrep -x mariadbd >/dev/null || setsid mariadbd --user=mysql --skip-networking \
    >"$state/mariadb.log" 2>&1 </dev/null &
for _ in $(seq 60); do mariadb-admin ping >/dev/null 2>&1 && break; sleep 0.5; done
mariadb -e "create database if not exists slurm_acct_db;
    create user if not exists slurm@localhost identified via unix_socket;
    grant all on slurm_acct_db.* to slurm@localhost;"

cat >/etc/slurm/slurmdbd.conf <<CONF
AuthType=auth/munge
DbdHost=localhost
SlurmUser=slurm
StorageType=accounting_storage/mysql
StorageUser=slurm
StorageLoc=slurm_acct_db
LogFile=$state/slurmdbd.log
PidFile=$state/slurmdbd.pid
CONF
cat >/etc/slurm/slurm.conf <<CONF
ClusterName=nnpipe
SlurmctldHost=$host(127.0.0.1)
AuthType=auth/munge
SlurmUser=slurm
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
MpiDefault=none
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=localhost
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=1
SchedulerParameters=sched_interval=1,batch_sched_delay=0,sched_min_interval=0
InactiveLimit=0
KillWait=2
StateSaveLocation=$state/ctld
SlurmdSpoolDir=$state/d
SlurmctldLogFile=$state/slurmctld.log
SlurmdLogFile=$state/slurmd.log
SlurmctldPidFile=$state/slurmctld.pid
SlurmdPidFile=$state/slurmd.pid
NodeName=$host NodeAddr=127.0.0.1 CPUs=$cores RealMemory=$memory State=UNKNOWN
PartitionName=test Nodes=$host Default=YES MaxTime=INFINITE State=UP
CONF
chown slurm: /etc/slurm/slurmdbd.conf
chmod 600 /etc/slurm/slurmdbd.conf

slurmdbd
for _ in $(seq 60); do sacctmgr -i list cluster >/dev/null 2>&1 && break; sleep 0.5; done
sacctmgr -i add cluster nnpipe >/dev/null 2>&1 || true
slurmctld
slurmd
for _ in $(seq 60); do sinfo --noheader --states=idle | grep -q . && break; sleep 0.5; done
sinfo --noheader --states=idle | grep -q . || { echo "the node does not come up" >&2; sinfo >&2; exit 1; }
echo "Slurm is running: $cores cores on $host, logs in $state"
