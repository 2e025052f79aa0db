# shellcheck shell=bash disable=SC2086,SC2034
# Shared by the scripts beside it; to be sourced.
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# The default release goes without a suffix; each older one has its own packages, state and dump.
RELEASE=${CLOUD_RELEASE:-2026.2}
case $RELEASE in
  2026.2) SUFFIX='' ;;
  2024.1 | 2023.1) SUFFIX=-$RELEASE ;;
  *) echo "CLOUD_RELEASE must be 2026.2, 2024.1 or 2023.1, not $RELEASE" >&2; exit 2 ;;
esac
S=${CLOUD_STATE:-/var/lib/oscloud$SUFFIX}
V=${CLOUD_VENV:-/opt/oscloud$SUFFIX}
REQUIREMENTS=$HERE/requirements$SUFFIX.txt
DUMP=$HERE/schema$SUFFIX.sql.d
PW=secret
H=127.0.0.1
DATABASES='keystone glance cinder barbican nova_api nova nova_cell0 placement'
# Older releases have a stand-in for Neutron (fakenet.py).
[ -n "$SUFFIX" ] || DATABASES="$DATABASES neutron"
export PATH=$S/bin:$V/bin:$PATH PYTHONWARNINGS=ignore

log() { echo "[$(date +%T)] $*"; }

# One up.sh or down.sh at a time on a machine, whatever their state folders: they use the same ports.
# Daemons must not inherit it, so everything that stays running closes descriptor 9.
take_lock() {
  exec 9>/run/lock/oscloud.lock
  flock -w 900 9 || { echo "another up.sh or down.sh holds /run/lock/oscloud.lock" >&2; exit 1; }
}

# When a process started, in clock ticks since boot: tells it from a later one with the same pid. Nothing for a zombie.
started() {
  local stat
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 0
  set -- ${stat##*) }
  [ "$1" = Z ] || echo "${20}"
}

# Starts a daemon in a process group of its own and records the group. NICE is its priority.
spawn() {
  local name=$1
  shift
  setsid nohup ${NICE:+nice -n "$NICE"} "$@" >"$S/log/$name.log" 2>&1 </dev/null 9>&- &
  echo "$! $(started $!)" >"$S/run/$name.pid"
}

is_alive() {
  local pid start
  read -r pid start <"$S/run/$1.pid" 2>/dev/null || return 1
  [ -n "$start" ] && [ "$(started "$pid")" = "$start" ]
}

recorded() { local f; for f in "$S"/run/*.pid; do [ ! -e "$f" ] || basename "$f" .pid; done; }

dead() { local n; for n in $(recorded); do is_alive "$n" || echo "$n"; done; }

# Tries a command until it succeeds: until_ok SECONDS COMMAND...
until_ok() {
  local end=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $end ] || { echo "gave up waiting for: $*" >&2; return 1; }
    sleep .1
  done
}

# Connects at once (the server listens before it is ready) and answers when the service does.
wait_http() { until_ok 120 curl -s -o /dev/null --max-time 120 "$1"; }

db() { mariadb -uroot -S "$S/mysql/mysqld.sock" "$@"; }

# A server whose data need not survive a crash; one shared table space makes hundreds of tables quick to create.
start_mariadb() {
  mkdir -p "$S/mysql"
  chown mysql:mysql "$S/mysql"
  mariadb-install-db --no-defaults --user=mysql --datadir="$S/mysql" --auth-root-authentication-method=normal \
    --skip-test-db --skip-innodb-file-per-table >"$S/log/mariadb-install.log" 2>&1
  spawn mariadb mariadbd --no-defaults --user=mysql --datadir="$S/mysql" --socket="$S/mysql/mysqld.sock" \
    --port="${DB_PORT:-3306}" --bind-address=$H --max-connections=1000 --innodb-flush-log-at-trx-commit=0 \
    --innodb-flush-method=nosync --skip-innodb-doublewrite --skip-innodb-file-per-table --pid-file="$S/mysql/mysqld.pid"
  until_ok 30 db -e 'select 1'
  db -e "create user openstack@'%' identified by '$PW'; create user openstack@localhost identified by '$PW';
    grant all on *.* to openstack@'%'; grant all on *.* to openstack@localhost;
    $(printf 'create database %s character set utf8mb3; ' $DATABASES)"
}

# What a dump of the databases belongs to: the versions, and what is seeded into it.
versions() {
  local p d
  for p in keystone glance cinder barbican nova openstack_placement $([ -n "$SUFFIX" ] || echo neutron); do
    for d in "$V"/lib/python3*/site-packages/$p-*.dist-info; do basename "$d" .dist-info; done
  done
  echo "identity.py $(sha256sum <"$HERE/identity.py" | cut -c1-16)"
}

# Of the recorded groups, those that have a living member.
living_groups() {
  local n pid start
  for n in $(recorded); do
    read -r pid start <"$S/run/$n.pid" || continue
    # A leader that is gone may have left children, and the group's number is then still theirs.
    if is_alive "$n" || [ -z "$(started "$pid")" ]; then echo "$pid"; fi
  done | grep -Fxf <(ps -eo pgid=,stat= | awk '$2 !~ /^Z/ { print $1 }' | sort -u) || true
}

signal_groups() { local pid; for pid in $(living_groups); do kill -s "$1" -- "-$pid" 2>/dev/null || true; done; }

stop_all() {
  local end=$((SECONDS + 3))
  # After a reboot the recorded numbers belong to others.
  if [ "$(cat "$S/run/boot_id" 2>/dev/null)" = "$(cat /proc/sys/kernel/random/boot_id)" ]; then
    signal_groups TERM
    while [ $SECONDS -lt $end ] && [ -n "$(living_groups)" ]; do sleep .1; done
    signal_groups KILL
  fi
  rm -rf "$S/run"
}
