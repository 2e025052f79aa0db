/** Which tests must catch a mistake in a file, by the longest beginning of its path that stands here. */
const TESTS: Readonly<Record<string, readonly string[]>> = {
  'keys/age.ts': ['age', 'store'],
  'keys/by-hand.ts': ['luks', '../process/unlock'],
  'keys/': ['luks'],
  'openstack/': ['client', 'http', 'config', 'cloud-time', 'openstack-compute', 'openstack-blockstorage'],
  'openstack/cloud-time.ts': ['cloud-time'],
  'openstack/pages.ts': ['pages'],
  'openstack/watcher.ts': ['watcher'],
  'openstack/image/': ['image-data', 'openstack-image', 'backup-server', 'restore-image'],
  'openstack/keymanager/': ['openstack-keymanager', 'restore-secret', 'restore-secret-lost'],
  'openstack/retry.ts': ['client', 'openstack-image', 'restore-secret-lost'],
  'openstack/errors.ts': ['client', 'openstack-compute'],
  'openstack/session.ts': ['client', 'cloud-time', 'config', 'openstack-image', 'openstack-compute'],
  'plan/chain.ts': ['chain', 'parent'],
  'plan/method.ts': ['method'],
  'plan/quota.ts': ['quota'],
  'plan/select.ts': ['select'],
  'plan/glob.ts': ['select', 'hostile'],
  'manifest/': ['manifest', 'manifest-record', 'github-publish', 'github-find', 'hostile'],
  'manifest/github/': ['github-find', 'github-publish', 'hostile'],
  'text/': ['text'],
  'store/': ['store', 'zstd'],
  'temporaries/': ['leftovers', 'sweep-property', 'ledger', 'remove', 'holdings', 'chain'],
  'temporaries/find.ts': ['restore-volume'],
  'temporaries/unreserved.ts': ['remove', 'restore-volume'],
  'temporaries/ledger.ts': ['ledger'],
  'restore/server/': ['restore-server'],
  'restore/secret/': ['restore-secret', 'restore-secret-lost'],
  'restore/volume/': ['restore-volume-plan', 'restore-volume'],
  'backup/volume/': ['backup-volume'],
  'backup/volume/orphans.ts': ['orphans'],
};

/** Paths below test/. */
export function testsOf(file: string): readonly string[] {
  const [prefix] = Object.keys(TESTS)
    .filter((start) => file.startsWith(start))
    .sort((a, b) => b.length - a.length);
  if (prefix === undefined) throw new Error(`no tests are named for ${file}`);
  return (TESTS[prefix] ?? []).map((name) =>
    name.startsWith('../') ? `${name.slice(3)}.test.ts` : `unit/${name}.test.ts`,
  );
}
