# shellcheck shell=bash disable=SC2086,SC2034
# Writes every service's configuration under $S/etc and tells where it lies; to be sourced after lib.sh. DB_PORT moves the database.
E=$S/etc
RMQ="transport_url=rabbit://guest:guest@$H:5672/"
# libvirt's name for the Ceph key; any fixed UUID does.
RBD_SECRET=457eb676-33da-42ec-9a8c-9293d545c337

export OS_KEYSTONE_CONFIG_FILES=$E/keystone.conf OS_KEYSTONE_CONFIG_DIR=$E OS_GLANCE_CONFIG_DIR=$E OS_PLACEMENT_CONFIG_DIR=$E
export OS_NOVA_CONFIG_DIR=$E OS_CINDER_CONFIG_DIR=$E OS_CINDER_CONFIG_FILES=cinder.conf

dbconn() { echo "mysql+pymysql://openstack:$PW@$H:${DB_PORT:-3306}/$1?charset=utf8"; }

credentials() {
  cat <<C
auth_url=http://$H:5000/v3
auth_type=password
username=$1
password=$PW
project_name=service
user_domain_name=Default
project_domain_name=Default
region_name=RegionOne
C
}

# NAME TYPE: without the type, a request of an application credential with access rules is refused.
authtoken() {
  cat <<C
[keystone_authtoken]
service_type=$2
www_authenticate_uri=http://$H:5000/v3
service_token_roles_required=true
service_token_roles=service
$(credentials "$1")
C
}

barbican_client() {
  cat <<C
[key_manager]
backend=barbican
[barbican]
auth_endpoint=http://$H:5000/v3
barbican_endpoint=http://$H:9311
C
}

# zlib, the default, takes two thirds of a backup's processor time.
backup_driver() {
  case ${CLOUD_BACKUP:-posix} in
    posix)
      cat <<C
backup_driver=cinder.backup.drivers.posix.PosixBackupDriver
backup_posix_path=$S/backup
backup_file_size=52428800
backup_sha_block_size_bytes=32768
backup_compression_algorithm=zstd
C
      ;;
    ceph)
      cat <<C
backup_driver=cinder.backup.drivers.ceph.CephBackupDriver
backup_ceph_conf=/etc/ceph/ceph.conf
backup_ceph_pool=backups
backup_ceph_user=admin
C
      ;;
    *) echo "CLOUD_BACKUP must be posix or ceph" >&2; return 1 ;;
  esac
}

fernet_keys() {
  local i
  mkdir -p "$1"
  chmod 700 "$1"
  for i in 0 1; do (umask 077; head -c 32 /dev/urandom | base64 | tr '+/' '-_' >"$1/$i"); done
}

# Password hashes of the least cost, since all passwords here are public, and a cache in the only worker: services ask Keystone
# several times for each request.
write_keystone() {
  fernet_keys "$E/fernet"
  fernet_keys "$E/credkeys"
  cat >"$E/keystone.conf" <<C
[DEFAULT]
log_file=$S/log/keystone-app.log
[database]
connection=$(dbconn keystone)
[identity]
password_hash_rounds=4
[cache]
enabled=true
backend=oslo_cache.dict
[token]
provider=fernet
[fernet_tokens]
key_repository=$E/fernet
[credential]
key_repository=$E/credkeys
[fernet_receipts]
key_repository=$E/fernet
C
}

write_glance() {
  mkdir -p "$S/glance" "$S/glance-staging" "$S/glance-tasks"
  cp "$V/etc/glance/glance-api-paste.ini" "$E/"
  cat >"$E/glance-api.conf" <<C
[DEFAULT]
bind_host=$H
bind_port=9292
workers=1
enabled_backends=file:file
log_file=$S/log/glance-app.log
node_staging_uri=file://$S/glance-staging
[database]
connection=$(dbconn glance)
[glance_store]
default_backend=file
[file]
filesystem_store_datadir=$S/glance
# In pieces of 64 KiB, the default, an upload takes twice the processor time: gunicorn copies what is left at every read.
filesystem_store_chunk_size=1048576
[os_glance_staging_store]
filesystem_store_datadir=$S/glance-staging
[os_glance_tasks_store]
filesystem_store_datadir=$S/glance-tasks
[paste_deploy]
flavor=keystone
config_file=$E/glance-api-paste.ini
$(barbican_client)
$(authtoken glance image)
C
}

write_barbican() {
  cat >"$E/barbican.conf" <<C
[DEFAULT]
host_href=http://$H:9311
log_file=$S/log/barbican-app.log
$RMQ
sql_connection=$(dbconn barbican)
[database]
connection=$(dbconn barbican)
[secretstore]
enabled_secretstore_plugins=store_crypto
[crypto]
enabled_crypto_plugins=simple_crypto
[simple_crypto_plugin]
kek='dGhpcnR5X3R3b19ieXRlX2tleWJsYWhibGFoYmxhaGg='
[queue]
enable=false
$(authtoken barbican key-manager)
C
}

write_cinder() {
  mkdir -p "$S/cinder/conversion" "$S/backup" "$S/lock" "$S/log/cinder-app"
  cat >"$E/cinder.conf" <<C
[DEFAULT]
osapi_volume_listen=$H
osapi_volume_workers=1
my_ip=$H
$RMQ
state_path=$S/cinder
resource_query_filters_file=$V/etc/cinder/resource_filters.json
log_dir=$S/log/cinder-app
api_paste_config=$V/etc/cinder/api-paste.ini
enabled_backends=ceph
default_volume_type=standard
auth_strategy=keystone
glance_api_servers=http://$H:9292
enable_force_upload=${CLOUD_FORCE_UPLOAD:-false}
rootwrap_config=$V/etc/cinder/rootwrap.conf
image_conversion_dir=$S/cinder/conversion
$(backup_driver)
[database]
connection=$(dbconn cinder)
[oslo_concurrency]
lock_path=$S/lock
$(barbican_client)
[nova]
$(credentials nova)
[service_user]
send_service_user_token=true
$(credentials cinder)
[ceph]
volume_backend_name=ceph
volume_driver=cinder.volume.drivers.rbd.RBDDriver
rbd_pool=volumes
rbd_user=admin
rbd_secret_uuid=$RBD_SECRET
rbd_ceph_conf=/etc/ceph/ceph.conf
report_discard_supported=true
rbd_flatten_volume_from_snapshot=false
$(authtoken cinder block-storage)
C
}

write_placement() {
  cat >"$E/placement.conf" <<C
[DEFAULT]
log_file=$S/log/placement-app.log
[placement_database]
connection=$(dbconn placement)
[api]
auth_strategy=keystone
$(authtoken placement placement)
C
}

# nova-compute refuses to start when it is given a database, so it gets a file without.
write_nova() {
  mkdir -p "$S/nova/instances" "$S/log/nova-app" "$S/lock"
  cp "$V/etc/nova/api-paste.ini" "$E/"
  cat >"$E/nova-compute.conf" <<C
[DEFAULT]
my_ip=$H
host=compute1
$RMQ
state_path=$S/nova
log_dir=$S/log/nova-app
compute_driver=libvirt.LibvirtDriver
enabled_apis=osapi_compute
osapi_compute_listen=$H
osapi_compute_workers=1
use_neutron=true
periodic_fuzzy_delay=0
rootwrap_config=$V/etc/nova/rootwrap.conf
[wsgi]
api_paste_config=$E/api-paste.ini
[conductor]
workers=1
[scheduler]
workers=1
discover_hosts_in_cells_interval=5
[oslo_concurrency]
lock_path=$S/lock
[glance]
api_servers=http://$H:9292
[cinder]
catalog_info=volumev3::publicURL
os_region_name=RegionOne
$(credentials nova)
[service_user]
send_service_user_token=true
$(credentials nova)
[placement]
$(credentials placement)
[neutron]
$(credentials nova)
$(barbican_client)
[libvirt]
virt_type=qemu
cpu_mode=none
images_type=qcow2
rbd_user=admin
rbd_secret_uuid=$RBD_SECRET
inject_partition=-2
[vnc]
enabled=false
$(authtoken nova compute)
C
  { cat "$E/nova-compute.conf"; printf '[api_database]\nconnection=%s\n[database]\nconnection=%s\n' "$(dbconn nova_api)" "$(dbconn nova)"; } >"$E/nova.conf"
}

# No agent runs here: a driver of our own binds ports, see ml2/.
write_neutron() {
  [ -z "$SUFFIX" ] || return 0
  mkdir -p "$S/neutron"
  cp -r "$HERE"/ml2/* "$E/"
  cat >"$E/neutron.conf" <<C
[DEFAULT]
bind_host=$H
bind_port=9696
core_plugin=ml2
service_plugins=router
$RMQ
state_path=$S/neutron
log_file=$S/log/neutron-app.log
api_paste_config=$V/etc/neutron/api-paste.ini
api_workers=0
rpc_workers=0
rpc_state_report_workers=0
[database]
connection=$(dbconn neutron)
[nova]
$(credentials nova)
[oslo_concurrency]
lock_path=$S/lock
[ml2]
mechanism_drivers=unplugged
type_drivers=vxlan
tenant_network_types=vxlan
extension_drivers=port_security
[ml2_type_vxlan]
vni_ranges=1:1000
$(authtoken neutron network)
C
}

# What gunicorn loads; the services read their arguments from sys.argv when they are imported.
write_wsgi() {
  local line name args module
  if [ -n "$SUFFIX" ]; then write_old_wsgi; return; fi
  for line in 'keystone keystone-api keystone.wsgi.api' 'barbican barbican-api barbican.wsgi.api' \
    'placement placement-api placement.wsgi.api' 'glance glance-api glance.wsgi.api' 'nova nova-api nova.wsgi.osapi_compute' \
    "cinder cinder-api,--config-file,$E/cinder.conf cinder.wsgi.api" "neutron neutron-api,--config-file,$E/neutron.conf neutron.wsgi.api"; do
    read -r name args module <<<"$line"
    printf 'import sys\nsys.argv = "%s".split(",")\nfrom %s import application\n' "$args" "$module" >"$E/wsgi_$name.py"
  done
}

# Before the releases had modules to load: what their WSGI scripts called.
write_old_wsgi() {
  local line name args module make
  for line in 'keystone keystone-api keystone.server.wsgi initialize_public_application' \
    'barbican barbican-api barbican.api.app get_api_wsgi_script' 'placement placement-api placement.wsgi init_application'; do
    read -r name args module make <<<"$line"
    printf 'import sys\nsys.argv = "%s".split(",")\nfrom %s import %s as make\napplication = make()\n' "$args" "$module" "$make" >"$E/wsgi_$name.py"
  done
}

write_config() {
  mkdir -p "$E" "$S/bin" "$S/log" "$S/run"
  cp "$HERE/bin/qemu-img" "$HERE/bin/sudo" "$S/bin/"
  cat /proc/sys/kernel/random/boot_id >"$S/run/boot_id"
  for m in keystone glance barbican cinder placement nova neutron wsgi; do "write_$m"; done
}

# A WSGI service under gunicorn: serve NAME PORT THREADS. One worker each, since each loads everything anew.
serve() {
  if [ -n "$SUFFIX" ]; then
    # These three patch the standard library with eventlet when they are loaded, which gunicorn's threads do not survive.
    case $1 in
      cinder-api) spawn "$1" cinder-api --config-file "$E/cinder.conf"; return ;;
      nova-api) spawn "$1" nova-api --config-file "$E/nova.conf"; return ;;
      glance) spawn "$1" glance-api --config-file "$E/glance-api.conf"; return ;;
    esac
  fi
  PYTHONPATH=$E spawn "$1" gunicorn -b "$H:$2" -w 1 -k gthread --threads "$3" --timeout 3600 --keep-alive 75 \
    --access-logfile "$S/log/access-$2.log" "wsgi_${1%-api}:application"
}
