#!/bin/bash
# Installs what up.sh starts: Debian's servers, and OpenStack itself from PyPI into a virtual environment.
# Needs Debian 12, root and the package registries. Does nothing when all is there.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
PACKAGES='mariadb-server rabbitmq-server qemu-utils qemu-system-x86 qemu-block-extra libvirt-daemon-system libvirt-daemon-driver-qemu
  libvirt-clients libvirt-dev cryptsetup-bin genisoimage pkg-config gcc python3.11 python3.11-dev python3.11-venv
  ceph-mon ceph-osd ceph-mgr ceph-common radosgw python3-rbd python3-rados curl ca-certificates procps age zstd zsh fish
  libnbd-bin xfsprogs e2fsprogs fuse3 7zip'

# dpkg-query fails when it knows none of a name.
missing() {
  { dpkg-query -W -f '${Package} ${db:Status-Status}\n' $PACKAGES 2>/dev/null || true; } |
    awk '$2 == "installed" { print $1 }' | sort | comm -13 - <(printf '%s\n' $PACKAGES | sort)
}

# Debian starts a server when it installs it; these must only run as up.sh runs them.
without_starting() {
  local policy=/usr/sbin/policy-rc.d rc=0
  [ -e $policy ] && { "$@"; return; }
  printf '#!/bin/sh\nexit 101\n' >$policy
  chmod +x $policy
  "$@" || rc=$?
  rm -f $policy
  return $rc
}

install_packages() {
  local wanted
  wanted=$(missing)
  [ -n "$wanted" ] || return 0
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  without_starting apt-get install -y -qq --no-install-recommends $wanted >/dev/null
}

# Debian's own Python: its Ceph bindings are built for that one.
install_openstack() {
  local stamp
  stamp=$(sha256sum <"$REQUIREMENTS")
  [ "$(cat "$V/installed" 2>/dev/null)" != "$stamp" ] || return 0
  [ -x "$V/bin/python" ] || /usr/bin/python3.11 -m venv "$V"
  "$V/bin/python" -m pip install -q --disable-pip-version-check "$(grep '^uv==' "$REQUIREMENTS")"
  # Compiled now, by all processors, rather than by each service at the first start.
  "$V/bin/uv" pip install -q --compile-bytecode --python "$V/bin/python" -r "$REQUIREMENTS"
  local m
  for m in rbd rados; do ln -sf /usr/lib/python3/dist-packages/$m.cpython-311-x86_64-linux-gnu.so "$V/lib/python3.11/site-packages/"; done
  echo "$stamp" >"$V/installed"
}

[ "$(id -u)" = 0 ] || { echo "install.sh needs root" >&2; exit 1; }
install_packages
install_openstack
