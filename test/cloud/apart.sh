#!/bin/bash
# Runs a command apart from this machine's ports, sockets, processes and libvirt, so that a second cloud can run beside the first:
#   apart.sh NAME COMMAND...   in the world of that name, which is made when it is not there
#   apart.sh NAME --end        ends all that runs there
# Files under /tmp, /opt and /var/lib/oscloud* are shared: two clouds need two CLOUD_STATE, as two releases have.
set -euo pipefail
[ $# -ge 2 ] || { echo "usage: $0 NAME COMMAND... | NAME --end" >&2; exit 2; }
D=/var/tmp/apart-$1
shift

started() { awk '{ print $22 }' "/proc/$1/stat" 2>/dev/null || true; }
lives() { [ -s "$D/pid" ] && read -r pid start <"$D/pid" && [ -n "$start" ] && [ "$(started "$pid")" = "$start" ]; }

# As PID 1 of the new world: what a cloud writes outside its own folders becomes private to it.
if [ "${1:-}" = --init ]; then
  P=$D/private
  mount --make-rprivate /
  ip link set lo up
  mkdir -p "$P"
  mount -t tmpfs tmpfs "$P"
  mkdir -p "$P"/{etc/ceph,run/{lock,ceph,libvirt,dbus,mysqld},libvirt,ceph,rabbitmq,log/{libvirt,ceph},cache}
  cp -a /etc/. "$P/etc/"
  rm -rf "$P"/etc/{ceph/*,barbican,libvirt/qemu/instance-*}
  [ ! -d /var/lib/libvirt ] || cp -a /var/lib/libvirt/. "$P/libvirt/"
  rm -rf "$P"/libvirt/qemu/{domain-*,*.monitor}
  chmod 1777 "$P/run/lock"
  chown rabbitmq:rabbitmq "$P/rabbitmq"
  mount --bind "$P/etc" /etc
  mount --bind "$P/run" /run
  for d in libvirt ceph rabbitmq; do [ ! -d /var/lib/$d ] || mount --bind "$P/$d" /var/lib/$d; done
  for d in libvirt ceph; do [ ! -d /var/log/$d ] || mount --bind "$P/log/$d" /var/log/$d; done
  [ ! -d /var/cache/libvirt ] || mount --bind "$P/cache" /var/cache/libvirt
  # libvirt names its control groups by number and name alone, as the other cloud's does: it must see none.
  umount -R -l /sys/fs/cgroup 2>/dev/null || true
  mount -t tmpfs -o ro tmpfs /sys/fs/cgroup
  touch "$D/ready"
  trap 'exit 0' TERM
  while :; do sleep 3600 & wait $! || true; done
fi

if [ "$1" = --end ]; then
  lives || exit 0
  # The kernel ends whatever is left in a world whose PID 1 is gone.
  kill -KILL "$(pgrep -P "$pid")"
  rm -rf "$D"
  exit 0
fi

if ! lives; then
  rm -rf "$D"
  mkdir -p "$D"
  setsid unshare --mount --net --pid --mount-proc --fork "$0" "${D#/var/tmp/apart-}" --init >"$D/log" 2>&1 </dev/null 9>&- &
  pid=$!
  echo "$pid $(started $pid)" >"$D/pid"
  until [ -e "$D/ready" ]; do lives || { cat "$D/log" >&2; exit 1; }; sleep .1; done
fi
exec nsenter -t "$(pgrep -P "$pid")" --mount --net --pid --wdns="$PWD" -- "$@"
