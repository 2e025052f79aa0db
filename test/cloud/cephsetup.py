"""Talks to Ceph's monitor by its library, since every call of the ceph command costs half a second of start-up."""
import json
import sys
import time

import rados
import rbd

RGW_POOLS = ['.rgw.root'] + [f'default.rgw.{p}' for p in (
    'log', 'control', 'meta', 'buckets.index', 'buckets.data', 'buckets.non-ec')]


def command(cluster, prefix, **arguments):
    code, out, message = cluster.mon_command(json.dumps({'prefix': prefix, 'format': 'json', **arguments}), b'', timeout=30)
    if code:
        raise SystemExit(f'{prefix}: {message}')
    return json.loads(out) if out else None


def add_pools(cluster):
    while not command(cluster, 'osd stat')['num_up_osds']:
        time.sleep(0.1)
    for app, pools in (('rgw', RGW_POOLS), ('rbd', ['volumes', 'backups'])):
        for pool in pools:
            command(cluster, 'osd pool create', pool=pool, pg_num=8 if app == 'rbd' else 4)
            command(cluster, 'osd pool application enable', pool=pool, app=app)
    # Returns when the placement groups serve requests.
    with cluster.open_ioctx('volumes') as pool:
        rbd.RBD().create(pool, '_probe', 16 << 20)
        rbd.RBD().remove(pool, '_probe')


with rados.Rados(conffile='/etc/ceph/ceph.conf', conf={'client_mount_timeout': '60'}) as cluster:
    if sys.argv[1] == 'osd':
        command(cluster, 'osd new', uuid=sys.argv[2])
    else:
        add_pools(cluster)
