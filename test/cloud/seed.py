"""Volume types, quotas, the flavour and the image of a fresh cloud; identity.py made the users."""
import os

import person
from cloudapi import CINDER, GLANCE, KEYSTONE, NETWORK, NOVA, PASSWORD, Session, ample_quotas


def volume_types(admin):
    cinder = f'{CINDER}/{admin.project}'
    for name in ('standard', 'luks', 'luks-other'):
        made = admin('POST', f'{cinder}/types', {'volume_type': {'name': name, 'extra_specs': {'volume_backend_name': 'ceph'}}})
        if name != 'standard':
            admin('POST', f'{cinder}/types/{made["volume_type"]["id"]}/encryption', {'encryption': {
                'provider': 'luks', 'cipher': 'aes-xts-plain64', 'key_size': 256, 'control_location': 'front-end'}})


def boot_sector():
    """Waits without using the processor, lets go of disks that are to be detached, and powers off when asked to:
    without the two latter Nova waits minutes for a guest that never answers."""
    code = bytes.fromhex(
        'fa 31c0 8ed8 8ed0 bc007c'  # cli; ds = ss = 0; sp = 7c00h
        'ba0206 b80001 ef fb'       # enable the ACPI power button (PM1_EN bit 8); sti
        'ba0006 ed f6c401 7407'     # pressed (PM1_STS bit 8)?
        'ba0406 b80020 ef'          # then PM1_CNT = SLP_EN: soft off
        '6631c0 ba10ae 66ef'        # PCI hotplug: select bus 0
        'ba04ae 66ed 6685c0 7405'   # slots that should go?
        'ba08ae 66ef'               # then eject them
        'f4 ebd6')                  # hlt until the next timer tick; again
    # Glance takes a boot sector only with a partition in its table.
    partition = bytes.fromhex('80 000200 83 000200 01000000 ff070000')
    return code.ljust(446, b'\0') + partition.ljust(64, b'\0') + b'\x55\xaa'


def image(admin):
    made = admin('POST', f'{GLANCE}/images', {'name': 'tiny', 'disk_format': 'raw', 'container_format': 'bare', 'visibility': 'public'})
    admin('PUT', f'{GLANCE}/images/{made["id"]}/file', boot_sector().ljust(1 << 20, b'\0'), Content_Type='application/octet-stream')


def networks(admin):
    """One that all may use, and one for floating IPs, with a router between them; and the user that Neutron is."""
    project = person.named(admin, 'projects')['service']
    user = person.ensure(admin, 'user', 'neutron', password=PASSWORD, default_project_id=project)
    person.grant(admin, person.named(admin, 'roles'), project, user, 'admin', 'service')

    def make(path, kind, **body):
        return admin('POST', f'{NETWORK}/{path}', {kind: body})[kind]['id']

    subnets = {}
    for name, cidr, more in (('private', '10.0.0.0/24', {'shared': True}), ('public', '203.0.113.0/24', {'router:external': True})):
        network = make('networks', 'network', name=name, **more)
        subnets[name] = make('subnets', 'subnet', network_id=network, name=f'{name}-subnet', cidr=cidr, ip_version=4)
    router = make('routers', 'router', name='router', external_gateway_info={'network_id': network})
    admin('PUT', f'{NETWORK}/routers/{router}/add_router_interface', {'subnet_id': subnets['private']})


def main():
    admin = Session('admin', 'admin')
    if os.environ.get('CLOUD_RELEASE', '2026.2') == '2026.2':
        networks(admin)
    volume_types(admin)
    image(admin)
    admin('POST', f'{NOVA}/flavors', {'flavor': {'name': 'tiny', 'ram': 64, 'vcpus': 1, 'disk': 1}})
    ample_quotas(admin, admin.get(f'{KEYSTONE}/projects?name=demo')['projects'][0]['id'])
    person.make(admin, ['demo-2', 'demo-3'])


if __name__ == '__main__':
    main()
