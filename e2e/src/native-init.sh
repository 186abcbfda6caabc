#!/bin/sh
# First process of new mount, network, pid, ipc and uts namespaces: its links and processes end with it, and what the job writes below
# the directories that container runtimes use.
set -e
here=${0%/*}
job=$(cat "$here/job.sh")
mount -t proc proc /proc
mount -t sysfs sys /sys
# A host with the older hierarchies has the new one too, and runtimes understand it everywhere.
mount -t cgroup2 cgroup /sys/fs/cgroup || true
mount -t tmpfs run /run
mount -t tmpfs shm /dev/shm
mkdir -p /run/netns /run/lock
for directory in etc opt var/lib; do
  mkdir -p "/run/upper/$directory" "/run/work/$directory"
  mount -t overlay -o "lowerdir=/$directory,upperdir=/run/upper/$directory,workdir=/run/work/$directory" overlay "/$directory"
done
ip link set lo up
# Not by exec: the first process collects the children of processes that are gone.
sh -c "$job" < /dev/null
exit $?
