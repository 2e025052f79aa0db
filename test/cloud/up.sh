#!/bin/bash
# Makes sure that the test cloud runs: uses a healthy one, else starts afresh. See README.md.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
. "$HERE/stop.sh"
. "$HERE/config.sh"

# The settings that a running cloud was started with; one that is set now and differs asks for another cloud.
SWITCHES='CLOUD_BACKUP=posix CLOUD_FORCE_UPLOAD=false CEPH_BYTES=12884901888'
write_switches() { local s name; for s in $SWITCHES; do name=${s%%=*}; echo "$name=${!name:-${s#*=}}"; done >"$S/run/switches"; }
switches_match() {
  local s name
  for s in $SWITCHES; do
    name=${s%%=*}
    [ -z "${!name:-}" ] || grep -qx "$name=${!name}" "$S/run/switches" || return 1
  done
}

# Under load a heartbeat may be late, so a cloud whose processes all live gets some time to answer.
is_healthy() {
  [ -e "$S/run/complete" ] || return 1
  if [ -z "$SUFFIX" ] && [ -e "$S/run/fakenet.pid" ]; then echo "it has a stand-in for Neutron"; return 1; fi
  switches_match || { echo "it runs with other switches"; return 1; }
  local gone
  gone=$(dead)
  [ -z "$gone" ] || { echo "dead: $gone"; return 1; }
  timeout 10 virsh -q list >/dev/null || { echo "libvirt does not answer"; return 1; }
  python -S -B "$HERE/check.py" --wait 30
}

# Two clouds want the same ports.
refuse_other_release() {
  local other name
  for other in /var/lib/oscloud /var/lib/oscloud-*; do
    [ "$other" != "$S" ] && [ -d "$other/run" ] || continue
    for name in $(S=$other recorded); do
      S=$other is_alive "$name" || continue
      echo "the cloud of $other runs: stop it first (CLOUD_STATE=$other test/cloud/down.sh), or start this one beside it (test/cloud/apart.sh)" >&2
      exit 1
    done
  done
}

# The logs of what failed are kept for one more start.
clear_state() {
  stop_cloud
  [ ! -d "$S/log" ] || { rm -rf "$S.last-log"; mv "$S/log" "$S.last-log"; }
  rm -rf "$S"
}

start_rabbit() {
  local env=(HOME="$S/rabbit" RABBITMQ_NODENAME=rabbit@localhost RABBITMQ_MNESIA_BASE="$S/rabbit" RABBITMQ_LOG_BASE="$S/rabbit"
    RABBITMQ_NODE_IP_ADDRESS="$H" ERL_EPMD_ADDRESS="$H")
  mkdir -p "$S/rabbit"
  chown rabbitmq:rabbitmq "$S/rabbit"
  # RabbitMQ would start its port mapper detached, and nothing would stop it.
  spawn epmd runuser -u rabbitmq -- epmd -address $H
  # It is needed first and must not queue behind the services that load their modules.
  (cd "$S/rabbit" && NICE=-10 spawn rabbit runuser -u rabbitmq -- env "${env[@]}" /usr/lib/rabbitmq/bin/rabbitmq-server)
}

# The dump that is checked in, or one made here when other versions are installed.
schema_folder() {
  local d
  for d in "$DUMP" "$V/schema.sql.d"; do
    [ "$(cat "$d/versions" 2>/dev/null)" != "$(versions)" ] || { echo "$d"; return; }
  done
  log "no dump for these versions: migrating (a minute)" >&2
  "$HERE/make-dump.sh" "$V/schema.sql.d" >&2 9>&-
  echo "$V/schema.sql.d"
}

load_schema() {
  local d
  for d in $DATABASES; do
    { echo 'set foreign_key_checks=0, unique_checks=0;'; zcat "$1/$d.sql.gz"; } | db "$d" 9>&- &
    LOADING[$d]=$!
  done
}

start_libvirt() {
  mkdir -p /run/libvirt /var/lib/libvirt
  # One mount namespace, so that volumes mounted after a server started can still be attached to it.
  printf '%s\n' 'namespaces = []' 'user = "root"' 'group = "root"' 'security_driver = "none"' 'remember_owner = 0' \
    'dynamic_ownership = 0' >/etc/libvirt/qemu.conf
  # apart.sh shows none, and libvirt would insist on some.
  [ -n "$(ls /sys/fs/cgroup)" ] || echo 'cgroup_controllers = []' >>/etc/libvirt/qemu.conf
  spawn virtlogd virtlogd
  spawn libvirtd libvirtd
}

# Cinder's Ceph backup driver needs a named Ceph user, and libvirt then wants a secret for it; the cluster itself asks for none.
give_libvirt_ceph_key() {
  until_ok 30 virsh -q list
  echo "<secret ephemeral='no' private='no'><uuid>$RBD_SECRET</uuid><usage type='ceph'><name>admin</name></usage></secret>" >"$E/secret.xml"
  virsh -q secret-define "$E/secret.xml" >/dev/null
  virsh -q secret-set-value $RBD_SECRET "$(ceph-authtool -p -n client.admin /etc/ceph/ceph.client.admin.keyring)" >/dev/null 2>&1
}

write_credentials() {
  local name user project entry
  {
    echo clouds:
    for entry in demo:demo small:small reader:demo nokeys:demo admin:admin; do
      user=${entry%:*} project=${entry#*:}
      printf '  %s:\n    auth:\n      auth_url: http://%s:5000/v3\n      username: %s\n      password: %s\n      project_name: %s\n' \
        "$user" $H "$user" $PW "$project"
      printf '      user_domain_name: Default\n      project_domain_name: Default\n    region_name: RegionOne\n    interface: public\n    identity_api_version: 3\n'
    done
  } >"$S/clouds.yaml"
  for name in admin demo; do
    echo "export OS_AUTH_URL=http://$H:5000/v3 OS_USERNAME=$name OS_PASSWORD=$PW OS_PROJECT_NAME=$name OS_USER_DOMAIN_NAME=Default OS_PROJECT_DOMAIN_NAME=Default OS_REGION_NAME=RegionOne OS_IDENTITY_API_VERSION=3" \
      >"$S/openrc${name/#admin/}"
  done
  mv "$S/openrcdemo" "$S/openrc-demo"
}

# What starting costs is mostly Python loading its modules, so everything that need not wait for another begins at once.
start() {
  local schema
  schema=$(schema_folder)
  write_config
  write_switches
  write_credentials
  log "ceph, rabbit, mariadb, libvirt"
  "$HERE/ceph.sh" >"$S/log/ceph-up.log" 2>&1 9>&- &
  local ceph=$!
  start_rabbit
  start_libvirt
  start_mariadb
  declare -A LOADING
  load_schema "$schema"
  wait "${LOADING[keystone]}"
  serve keystone 5000 8
  for p in "${LOADING[@]}"; do wait "$p"; done
  log "services"
  # These two are the last to be ready, one after the other.
  NICE=-5 spawn nova-conductor nova-conductor --config-file "$E/nova.conf"
  serve cinder-api 8776 8
  # Barbican looks nowhere else for these two files.
  mkdir -p /etc/barbican
  cp "$E/barbican.conf" "$V/etc/barbican/barbican-api-paste.ini" /etc/barbican/
  serve placement 8778 4
  if [ -n "$SUFFIX" ]; then spawn fakenet python -S -B "$HERE/fakenet.py"; else serve neutron 9696 4; fi
  wait $ceph
  give_libvirt_ceph_key
  NICE=-5 spawn nova-compute nova-compute --config-file "$E/nova-compute.conf"
  spawn cinder-volume cinder-volume --config-file "$E/cinder.conf"
  spawn cinder-scheduler cinder-scheduler --config-file "$E/cinder.conf"
  # It works in buffers of 50 MiB: mapped anew each time, they cost two thirds of its processor time.
  spawn cinder-backup env MALLOC_MMAP_THRESHOLD_=1073741824 MALLOC_TRIM_THRESHOLD_=2147483648 \
    cinder-backup --config-file "$E/cinder.conf"
  spawn nova-scheduler nova-scheduler --config-file "$E/nova.conf"
  serve nova-api 8774 4
  serve glance 9292 8
  serve barbican 9311 4
  radosgw-admin -n client.rgw.a user create --uid=backup --display-name=backup --access-key=backup --secret=backup-secret >/dev/null
  for p in 8776 8774 9292 9696; do wait_http http://$H:$p/; done
  log "volume types, flavour, image, quotas"
  python -S -B "$HERE/seed.py"
  log "waiting for all to report"
  python -S -B "$HERE/check.py" --wait 90
  touch "$S/run/complete"
}

explain() {
  local rc=$?
  [ $rc -ne 0 ] || return 0
  echo "the cloud did not start; dead: $(dead | tr '\n' ' '), logs in $S/log" >&2
}

"$HERE/install.sh"
take_lock
if why=$(is_healthy 2>&1); then
  log "uses the cloud that runs ($S)"
  exit 0
fi
refuse_other_release
[ -z "$why" ] || log "the cloud that runs is not used: $why"
clear_state
trap explain EXIT
start
log "up in $SECONDS s ($S)"
