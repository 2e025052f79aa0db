"""Says what the cloud lacks, a line each, and exits 1; silent when it is whole. --wait SECONDS tries until then."""
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from cloudapi import BARBICAN, CINDER, GLANCE, NETWORK, NOVA, PLACEMENT, SWIFT, Failed, Session


def expect(kind, wanted, found):
    missing = sorted(set(wanted) - set(found))
    if missing:
        raise Failed(f'{kind} missing: {", ".join(missing)}')


def services(kind, wanted, answer):
    expect(kind, wanted, [s['binary'] for s in answer['services'] if s['state'] == 'up'])


def checks(demo, admin):
    cinder = f'{CINDER}/{demo.project}'
    yield lambda: demo.get(f'{cinder}/backups?limit=1')
    yield lambda: expect('volume type', ['standard', 'luks', 'luks-other'], [t['name'] for t in demo.get(f'{cinder}/types')['volume_types']])
    yield lambda: expect('image', ['tiny'], [i['name'] for i in demo.get(f'{GLANCE}/images?name=tiny&status=active')['images']])
    yield lambda: demo.get(f'{NOVA}/servers?limit=1')
    yield lambda: expect('flavour', ['tiny'], [f['name'] for f in demo.get(f'{NOVA}/flavors')['flavors']])
    yield lambda: demo.get(f'{BARBICAN}/secrets?limit=1')
    yield lambda: demo.get(f'{SWIFT}/AUTH_{demo.project}')
    yield lambda: demo.get(f'{NETWORK}/networks')
    yield lambda: services('Cinder service', ['cinder-scheduler', 'cinder-volume', 'cinder-backup'], admin.get(f'{CINDER}/{admin.project}/os-services'))
    yield lambda: services('Nova service', ['nova-scheduler', 'nova-conductor', 'nova-compute'], admin.get(f'{NOVA}/os-services'))
    # Only a host that is mapped to its cell is listed.
    yield lambda: expect('hypervisor', ['compute1'], [h['hypervisor_hostname'] and 'compute1' for h in admin.get(f'{NOVA}/os-hypervisors')['hypervisors']])
    yield lambda: expect('resource provider', ['one'], ['one' for _ in admin.get(f'{PLACEMENT}/resource_providers')['resource_providers']])


def failing(pool, pending):
    """The checks of these that fail, with what they say."""
    def run(check):
        try:
            check()
        except Failed as e:
            return check, str(e)

    return [f for f in pool.map(run, pending) if f]


def main():
    end = time.monotonic() + (float(sys.argv[2]) if sys.argv[1:2] == ['--wait'] else 0)
    pending, found = None, []
    with ThreadPoolExecutor(6) as pool:
        while True:
            try:
                pending = pending or list(checks(Session('demo', 'demo', 10), Session('admin', 'admin', 10)))
                found = failing(pool, pending)
                pending = [check for check, _ in found]
            except Failed as e:
                found = [(None, str(e))]
            if not found or time.monotonic() > end:
                break
            time.sleep(0.3)
    for _, text in found:
        print(text)
    sys.exit(1 if found else 0)


main()
