"""Projects, users, roles and the catalogue. make-dump.sh runs it, so that a start finds them in the dump."""
from cloudapi import KEYSTONE, PASSWORD, Session

ENDPOINTS = [
    ('image', 'glance', 'http://127.0.0.1:9292'),
    ('volumev3', 'cinderv3', 'http://127.0.0.1:8776/v3/%(project_id)s'),
    ('block-storage', 'cinder', 'http://127.0.0.1:8776/v3/%(project_id)s'),
    ('key-manager', 'barbican', 'http://127.0.0.1:9311'),
    ('compute', 'nova', 'http://127.0.0.1:8774/v2.1'),
    ('placement', 'placement', 'http://127.0.0.1:8778'),
    ('network', 'neutron', 'http://127.0.0.1:9696'),
    ('object-store', 'swift', 'http://127.0.0.1:7480/swift/v1/AUTH_%(project_id)s'),
    ('s3', 's3', 'http://127.0.0.1:7480'),
]
USERS = [(u, 'service', ['admin', 'service']) for u in ('glance', 'cinder', 'barbican', 'nova', 'placement', 'swift')] + [
    ('demo', 'demo', ['member', 'creator']),
    ('small', 'small', ['member', 'creator']),
    ('reader', 'demo', ['reader']),
    ('nokeys', 'demo', ['member']),
]


def named(admin, kind):
    return {x['name']: x['id'] for x in admin.get(f'{KEYSTONE}/{kind}')[kind]}


def create(admin, kind, **body):
    return admin('POST', f'{KEYSTONE}/{kind}s', {kind: body})[kind]['id']


def main():
    admin = Session('admin', 'admin')
    roles = named(admin, 'roles')
    for role in ('creator', 'service'):
        if role not in roles:
            roles[role] = create(admin, 'role', name=role)
    projects = {p: create(admin, 'project', name=p, domain_id='default') for p in ('service', 'demo', 'small')}
    for user, project, user_roles in USERS:
        project = projects[project]
        user = create(admin, 'user', name=user, password=PASSWORD, domain_id='default', default_project_id=project)
        for role in user_roles:
            admin('PUT', f'{KEYSTONE}/projects/{project}/users/{user}/roles/{roles[role]}')
    me = named(admin, 'users')['admin']
    admin('PUT', f'{KEYSTONE}/projects/{admin.project}/users/{me}/roles/{roles["creator"]}')
    for kind, name, url in ENDPOINTS:
        service = create(admin, 'service', type=kind, name=name)
        for interface in ('public', 'internal'):
            create(admin, 'endpoint', service_id=service, interface=interface, url=url, region_id='RegionOne')


main()
