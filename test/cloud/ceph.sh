#!/bin/bash
# One mon, one mgr, one in-memory OSD: a real Ceph for the RBD drivers. Started by up.sh.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
C=$S/ceph
FSID=$(cat /proc/sys/kernel/random/uuid)
OSD=$(cat /proc/sys/kernel/random/uuid)
mkdir -p "$C"/{mon,mgr,osd,rgw} /etc/ceph /var/run/ceph
cat >/etc/ceph/ceph.conf <<E
[global]
fsid=$FSID
mon_host=[v2:$H:3300,v1:$H:6789]
public_addr=$H
cluster_addr=$H
auth_cluster_required=none
auth_service_required=none
auth_client_required=none
auth_allow_insecure_global_id_reclaim=true
osd_pool_default_size=1
osd_pool_default_min_size=1
osd_pool_default_pg_num=4
osd_pool_default_pg_autoscale_mode=off
mon_allow_pool_size_one=true
mon_allow_pool_delete=true
mon_warn_on_pool_no_redundancy=false
osd_crush_chooseleaf_type=0
# By default each change of the cluster's maps waits a second or two for company.
paxos_propose_interval=0.05
mon_tick_interval=1
osd_objectstore=memstore
memstore_device_bytes=${CEPH_BYTES:-12884901888}
mon_data=$C/mon
mgr_data=$C/mgr
osd_data=$C/osd
log_file=/dev/null
mon_cluster_log_file=/dev/null
mgr_initial_modules=
rbd_default_features=61
[client.rgw.a]
rgw_frontends=beast endpoint=$H:7480
rgw_data=$C/rgw
# What was deleted lies in memory for two hours by default: three runs of a bench then fill the machine.
rgw_gc_obj_min_wait=5
rgw_gc_processor_period=10
rgw_gc_processor_max_time=10
# radosgw insists on an encrypted line to the monitor, which a cluster without authentication cannot give.
ms_mon_client_mode=crc
rgw_keystone_url=http://$H:5000
rgw_keystone_api_version=3
rgw_keystone_admin_user=swift
rgw_keystone_admin_password=$PW
rgw_keystone_admin_domain=Default
rgw_keystone_admin_project=service
rgw_keystone_accepted_roles=member,admin,creator
rgw_s3_auth_use_keystone=true
rgw_swift_account_in_url=true
E
ceph-authtool -C /etc/ceph/ceph.client.admin.keyring -n client.admin --gen-key >/dev/null
monmaptool --create --clobber --fsid "$FSID" --addv a "[v2:$H:3300,v1:$H:6789]" "$C/monmap" >/dev/null
ceph-mon --mkfs -i a --monmap "$C/monmap"
spawn ceph-mon ceph-mon -f -i a
python "$HERE/cephsetup.py" osd "$OSD"
ceph-osd -i 0 --mkfs --osd-uuid "$OSD"
spawn ceph-osd ceph-osd -f -i 0
spawn ceph-mgr ceph-mgr -f -i x
python "$HERE/cephsetup.py" pools
spawn rgw radosgw -f -n client.rgw.a --log-to-stderr=true --log-file=
