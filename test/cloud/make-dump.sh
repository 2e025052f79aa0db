#!/bin/bash
# Migrates all databases on a database server of its own, beside a running cloud, and writes them to a folder:
# the release's folder here (to be checked in), or the one that is named. up.sh loads them instead of migrating.
set -euo pipefail
export CLOUD_STATE
CLOUD_STATE=$(mktemp -d /tmp/make-dump.XXXXXX)
DB_PORT=3307
KEYSTONE_PORT=5001
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
. "$HERE/config.sh"
OUT=$(realpath -m "${1:-$DUMP}")
chmod 755 "$S"

finish() {
  local rc=$?
  if [ $rc -ne 0 ]; then tail -n 5 "$S"/log/*.log >&2 || true; fi
  stop_all
  rm -rf "$S"
  exit $rc
}
trap finish EXIT

bootstrap_keystone() {
  keystone-manage --config-file "$E/keystone.conf" db_sync
  keystone-manage --config-file "$E/keystone.conf" bootstrap --bootstrap-password $PW --bootstrap-region-id RegionOne \
    --bootstrap-{admin,internal,public}-url=http://$H:5000/v3
  serve keystone $KEYSTONE_PORT 1
  export CLOUD_KEYSTONE=http://$H:$KEYSTONE_PORT/v3
  wait_http $CLOUD_KEYSTONE
  python -S -B "$HERE/identity.py"
}

migrate_nova() {
  nova-manage --config-file "$E/nova.conf" api_db sync
  nova-manage --config-file "$E/nova.conf" cell_v2 map_cell0 --database_connection "$(dbconn nova_cell0)"
  nova-manage --config-file "$E/nova.conf" cell_v2 create_cell --name cell1
  nova-manage --config-file "$E/nova.conf" db sync
}

migrate_rest() {
  cinder-manage --config-file "$E/cinder.conf" db sync
  glance-manage --config-file "$E/glance-api.conf" db_sync
  barbican-manage --config-file "$E/barbican.conf" db upgrade --db-url "$(dbconn barbican)"
  placement-manage --config-file "$E/placement.conf" db sync
  [ -n "$SUFFIX" ] || PYTHONPATH=$E neutron-db-manage --config-file "$E/neutron.conf" upgrade heads
}

# Without the names and times that would make each dump differ; the port is the real cloud's.
dump() {
  local d
  rm -rf "$OUT"
  mkdir -p "$OUT"
  for d in $DATABASES; do
    mariadb-dump -uroot -S "$S/mysql/mysqld.sock" --compact --add-drop-table=false --skip-comments "$d" |
      sed "s/@$H:$DB_PORT\//@$H:3306\//g" | gzip -9n >"$OUT/$d.sql.gz"
  done
  versions >"$OUT/versions"
}

write_config
start_mariadb
pids=()
for f in bootstrap_keystone migrate_nova migrate_rest; do
  $f >"$S/log/$f.log" 2>&1 9>&- &
  pids+=($!)
done
for p in "${pids[@]}"; do wait "$p"; done
dump
du -sh "$OUT"
