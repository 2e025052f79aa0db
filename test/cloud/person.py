"""Makes persons on the running cloud to work as instead of demo and small, for several runs at a time: person.py NAME...

NAME is as demo and NAME-small as small, each in a project of its own name; reader and nokeys get their roles in NAME's.
"""
import sys

from cloudapi import KEYSTONE, PASSWORD, Session, ample_quotas


def named(admin, kind):
    return {x['name']: x['id'] for x in admin.get(f'{KEYSTONE}/{kind}')[kind]}


def ensure(admin, kind, name, **fields):
    found = named(admin, f'{kind}s').get(name)
    return found or admin('POST', f'{KEYSTONE}/{kind}s', {kind: {'name': name, 'domain_id': 'default', **fields}})[kind]['id']


def person(admin, roles, name):
    project = ensure(admin, 'project', name)
    user = ensure(admin, 'user', name, password=PASSWORD, default_project_id=project)
    grant(admin, roles, project, user, 'member', 'creator')
    return project


def grant(admin, roles, project, user, *names):
    for name in names:
        admin('PUT', f'{KEYSTONE}/projects/{project}/users/{user}/roles/{roles[name]}')


def make(admin, names):
    roles, users = named(admin, 'roles'), named(admin, 'users')
    for name in names:
        project = person(admin, roles, name)
        ample_quotas(admin, project)
        grant(admin, roles, project, users['reader'], 'reader')
        grant(admin, roles, project, users['nokeys'], 'member')
        person(admin, roles, f'{name}-small')


if __name__ == '__main__':
    make(Session('admin', 'admin'), sys.argv[1:])
