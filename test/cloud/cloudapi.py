"""Requests to the test cloud with nothing but the standard library: importing an SDK takes longer than the requests."""
import json
import os
import urllib.error
import urllib.request

# make-dump.sh has a Keystone of its own.
KEYSTONE = os.environ.get('CLOUD_KEYSTONE', 'http://127.0.0.1:5000/v3')
CINDER = 'http://127.0.0.1:8776/v3'
GLANCE = 'http://127.0.0.1:9292/v2'
NOVA = 'http://127.0.0.1:8774/v2.1'
BARBICAN = 'http://127.0.0.1:9311/v1'
PLACEMENT = 'http://127.0.0.1:8778'
SWIFT = 'http://127.0.0.1:7480/swift/v1'
NETWORK = 'http://127.0.0.1:9696/v2.0'
PASSWORD = 'secret'


class Failed(Exception):
    pass


def send(method, url, body=None, headers=None, timeout=60):
    headers = dict(headers or {})
    if body is not None and not isinstance(body, bytes):
        body = json.dumps(body).encode()
        headers.setdefault('Content-Type', 'application/json')
    request = urllib.request.Request(url, body, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            data = answer.read()
            kind = answer.headers.get('Content-Type', '')
            return answer.headers, json.loads(data) if data and 'json' in kind else None
    except urllib.error.HTTPError as e:
        raise Failed(f'{method} {url}: {e.code} {e.read()[:300].decode(errors="replace")}') from None
    except OSError as e:
        raise Failed(f'{method} {url}: {e}') from None


class Session:
    def __init__(self, user, project, timeout=60):
        self.timeout = timeout
        domain = {'id': 'default'}
        headers, token = send('POST', f'{KEYSTONE}/auth/tokens', {'auth': {
            'identity': {'methods': ['password'], 'password': {'user': {'name': user, 'domain': domain, 'password': PASSWORD}}},
            'scope': {'project': {'name': project, 'domain': domain}},
        }}, timeout=timeout)
        self.token = headers['X-Subject-Token']
        self.project = token['token']['project']['id']

    def __call__(self, method, url, body=None, **headers):
        headers = {k.replace('_', '-'): v for k, v in headers.items()}
        return send(method, url, body, {'X-Auth-Token': self.token, 'Accept': 'application/json', **headers}, self.timeout)[1]

    def get(self, url):
        return self('GET', url)


def ample_quotas(admin, project):
    admin('PUT', f'{CINDER}/{admin.project}/os-quota-sets/{project}', {'quota_set': {
        'volumes': 200, 'backups': 200, 'snapshots': 200, 'gigabytes': 10000, 'backup_gigabytes': 10000}})
    admin('PUT', f'{NOVA}/os-quota-sets/{project}', {'quota_set': {'instances': 100, 'cores': 100, 'ram': 102400}})
