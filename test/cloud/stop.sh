# shellcheck shell=bash disable=SC2086,SC2034
# Stopping, shared by up.sh and down.sh; to be sourced after lib.sh.

# QEMU leaves libvirt's process group, so servers are stopped by what libvirt recorded of them.
stop_servers() {
  local name pid f
  if is_alive libvirtd; then
    for name in $(timeout 5 virsh -q list --all --name 2>/dev/null | grep '^instance-'); do
      timeout 10 virsh destroy "$name" || true
      timeout 10 virsh undefine "$name" || true
    done >/dev/null 2>&1
  fi
  for f in /run/libvirt/qemu/instance-*.pid; do
    [ -e "$f" ] || continue
    pid=$(cat "$f")
    grep -qz "^guest=$(basename "$f" .pid)," "/proc/$pid/cmdline" 2>/dev/null && kill -KILL "$pid" || true
    rm -f "$f" "${f%.pid}.xml"
  done
  rm -f /etc/libvirt/qemu/instance-*.xml
}

stop_cloud() {
  [ -d "$S/run" ] || return 0
  stop_servers
  stop_all
}
