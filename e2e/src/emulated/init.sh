#!/usr/bin/busybox sh
# Pid 1 of an emulated machine, whose root is the archive that it was booted with: loads the modules, runs the job beside this
# file and tells its exit status in one line after a record separator.
export PATH=/usr/sbin:/usr/bin
here=${0%/*}

ln -s usr/bin usr/sbin usr/lib usr/lib64 /
# A program that is there itself is better than busybox's of that name.
mkdir /applets
/usr/bin/busybox --install -s /applets
for program in /usr/bin/* /usr/sbin/*; do rm -f "/applets/${program##*/}"; done
mv /applets/* /usr/bin/
mkdir -p /proc /sys /dev /run /tmp /etc /var/lib
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
mount -t tmpfs run /run
mkdir -p /run/netns /run/lock
modprobe -a ipv6 ipvlan veth dummy ifb vrf nf_tables nft_ct nft_chain_nat sch_ingress act_skbedit cls_matchall >&2
ip link set lo up
# As it is written and read: no echo, no carriage returns.
stty raw -echo < /dev/console

printf '\036start\n'
/usr/bin/sh "$here/job.sh" < /dev/null
printf '\036%d\n' $?
poweroff -f
