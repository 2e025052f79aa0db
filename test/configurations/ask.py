"""How the real openstacksdk reads each case of cases.yaml, as JSON: who logs in where and with which scope, and where each
service is asked. Nothing leaves the process: the session answers in the cloud's place.

    python ask.py > answers.json     with a Python that has openstacksdk
"""

import importlib
import importlib.metadata
import json
import os
import shutil
import sys
import tempfile
import warnings

from keystoneauth1 import session as ks_session
from openstack.config import loader, vendors
import requests
import yaml

HERE = os.path.dirname(os.path.abspath(__file__))
SERVICES = ['block-storage', 'compute', 'image', 'key-manager', 'network', 'object-store']
PROJECT, USER = '0123456789abcdef0123456789abcdef', 'fedcba9876543210fedcba9876543210'


def catalogue():
    """Three interfaces in three regions of each service. The block storage of old clouds stands beside it."""
    types = [(name, name) for name in ['compute', 'image', 'key-manager', 'network', 'object-store']]
    types += [('volumev3', 'cinderv3'), ('volumev2', 'cinderv2')]
    return [
        {
            'type': kind, 'name': name, 'id': name,
            'endpoints': [
                {'id': f'{kind}-{region}-{side}', 'interface': side, 'region': region, 'region_id': region,
                 'url': f'https://{kind}.{side}.{region.lower()}.example/{PROJECT}'}
                for region in ['R1', 'R2', '7'] for side in ['internal', 'public', 'admin']
            ],
        }
        for kind, name in types
    ]


def answer(status, body, headers=None):
    response = requests.Response()
    response.status_code = status
    response._content = json.dumps(body).encode()
    response.headers.update({'content-type': 'application/json', **(headers or {})})
    return response


class Session(ks_session.Session):
    """Answers as a Keystone would, and keeps the login."""

    login = None

    def request(self, url, method, **kwargs):
        if method == 'POST':
            Session.login = {'url': url, **kwargs['json']['auth']}
            token = {
                'expires_at': '2099-01-01T00:00:00.000000Z', 'issued_at': '2026-01-01T00:00:00.000000Z', 'methods': [],
                'user': {'id': USER, 'name': 'u', 'domain': {'id': 'd', 'name': 'D'}}, 'roles': [],
                'project': {'id': PROJECT, 'name': 'p', 'domain': {'id': 'd', 'name': 'D'}}, 'catalog': catalogue(),
            }
            return answer(201, {'token': token}, {'X-Subject-Token': 't'})
        root = url.rstrip('/').removesuffix('/v3').removesuffix('/v2.0')
        version = {'id': 'v3.14', 'status': 'stable', 'links': [{'rel': 'self', 'href': f'{root}/v3'}]}
        if url.rstrip('/').endswith('/v3'):
            return answer(200, {'version': version})
        return answer(300, {'versions': {'values': [version]}})


def service(region, kind):
    override = region.get_endpoint(kind)
    if override is not None:
        # As keystoneauth1.session.Session.request fills it in.
        url = override % {'project_id': PROJECT, 'user_id': USER}
    else:
        url = region.get_session().auth.get_access(region.get_session()).service_catalog.url_for(
            service_type=region.get_service_type(kind), service_name=region.get_service_name(kind),
            interface=region.get_interface(kind), region_name=region.get_region_name(kind))
    return {
        'url': url, 'region': region.get_region_name(kind) or None, 'interface': region.get_interface(kind),
        'version': region.get_api_version(kind), 'overridden': override is not None,
    }


def read(case):
    importlib.reload(loader)
    config = loader.OpenStackConfig(session_constructor=Session)
    named = case.get('region') or (os.environ.get('OS_REGION_NAME') if case.get('as') == 'openstack' else None)
    region = config.get_one(cloud=case.get('cloud') or None, **({'region_name': named} if named else {}))
    verify, cert = region.get_requests_verify_args()
    session = region.get_session()
    session.auth.get_access(session)
    return {
        'cloud': region.name,
        'login': Session.login,
        'services': {kind: service(region, kind) for kind in SERVICES},
        'verify': verify,
        'cert': cert if isinstance(cert, (list, tuple)) or cert is None else [cert],
    }


AUTH = ('auth: {auth_url: "https://c.example:5000/v3", username: u, password: pw, project_name: p, '
        'user_domain_name: D, project_domain_name: D}')


def files(case):
    if 'entry' not in case:
        return case.get('files', {})
    lines = [AUTH, *case['entry'].splitlines()]
    return {'work/clouds.yaml': 'clouds:\n  c:\n' + ''.join(f'    {line}\n' for line in lines)}


def ask(case, root):
    """In a process of its own: openstacksdk looks at HOME and at the working directory when it is loaded."""
    receiving, sending = os.pipe()
    child = os.fork()
    if child == 0:
        home, work = os.path.join(root, 'home'), os.path.join(root, 'work')
        for name, text in {'work/.keep': '', 'home/.keep': '', **files(case)}.items():
            path = os.path.join(root, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, 'w', encoding=case.get('encoding', 'utf-8')) as file:
                file.write(text.replace('$ROOT', root))
        for name in [name for name in os.environ if name.startswith(('OS_', 'XDG_'))]:
            del os.environ[name]
        os.environ.update({'HOME': home, **{k: v.replace('$ROOT', root) for k, v in case.get('env', {}).items()}})
        os.chdir(work)
        try:
            result = json.dumps(read(case))
        except BaseException as error:
            result = json.dumps({'error': type(error).__name__})
        os.write(sending, result.replace(root, '$ROOT').encode())
        os._exit(0)
    os.close(sending)
    with os.fdopen(receiving) as pipe:
        text = pipe.read()
    os.waitpid(child, 0)
    return json.loads(text)


def main():
    warnings.simplefilter('ignore')
    # Profiles by URL are on the internet.
    vendors.requests.get = lambda *_, **__: answer(404, {})
    with open(os.path.join(HERE, 'cases.yaml'), encoding='utf-8') as file:
        cases = yaml.safe_load(file)
    answers = {}
    for case in cases:
        root = tempfile.mkdtemp()
        try:
            answers[case['name']] = ask(case, root)
        finally:
            shutil.rmtree(root)
    json.dump({'openstacksdk': importlib.metadata.version('openstacksdk'), 'answers': answers}, sys.stdout, indent=1, sort_keys=True)
    sys.stdout.write('\n')


main()
