#!/bin/sh
# Pid 1 of a guest whose root is the host's, read-only: lays a tmpfs over it, so that everything can be written and
# nothing stays, loads the modules, runs the job beside this file and tells its exit status in one line after a record separator.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
here=${0%/*}
release=$(uname -r)

if [ "${1-}" != job ]; then
  mount -t proc proc /proc
  mount -t tmpfs upper /run
  mkdir -p /run/upper /run/work /run/root /run/kmod/lib/modules
  ln -s "/usr/lib/uml/modules/$release" /run/kmod/lib/modules/
  modprobe -d /run/kmod overlay
  mount -t overlay -o lowerdir=/,upperdir=/run/upper,workdir=/run/work root /run/root
  cd /run/root || exit
  mkdir -p mnt proc sys dev run
  # Not chroot alone: the kernel's own modprobe has to find the modules too.
  pivot_root . mnt
  exec chroot . "$0" job
fi

mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t tmpfs run /run
mount -t devtmpfs dev /dev
mkdir -p /dev/shm /dev/pts /run/netns /run/lock /usr/lib/modules
mount -t tmpfs shm /dev/shm
mount -t devpts -o ptmxmode=666 pts /dev/pts
mount -t cgroup2 cgroup /sys/fs/cgroup
ln -sfn "/usr/lib/uml/modules/$release" "/usr/lib/modules/$release"
modprobe -a ipv6 ipvlan dummy veth macvlan bridge ifb vrf \
  sch_tbf sch_htb sch_fq_codel sch_ingress act_mirred act_skbedit cls_u32 cls_matchall >&2
ip link set lo up

printf '\036start\n'
sh "$here/job.sh" < /dev/null
printf '\036%d\n' $?
echo o > /proc/sysrq-trigger
sleep 10
