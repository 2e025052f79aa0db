/** Which tests must catch a mistake in a file, by the longest beginning of its path that stands here; in their order. */
const TESTS: Readonly<Record<string, readonly string[]>> = {
  'keys/': ['luks', 'luks-cryptsetup'],
  'keys/age.ts': ['age', 'store'],
  'keys/by-hand.ts': ['luks', '../process/unlock'],
  'openstack/': ['client', 'http', 'config', 'cloud-time', 'openstack-compute', 'openstack-blockstorage'],
  'openstack/cloud-time.ts': ['cloud-time'],
  'openstack/pages.ts': ['pages'],
  'openstack/watcher.ts': ['watcher'],
  'openstack/image/': ['image-data', 'openstack-image', 'restore-image', 'backup-server'],
  'openstack/keymanager/': ['openstack-keymanager', 'restore-secret', 'restore-secret-lost'],
  'openstack/retry.ts': ['client', 'openstack-image', 'restore-secret-lost'],
  'openstack/errors.ts': ['client', 'openstack-compute'],
  'openstack/session.ts': ['client', 'cloud-time', 'config', 'openstack-image', 'openstack-compute'],
  'plan/chain.ts': ['chain', 'parent'],
  'plan/method.ts': ['method'],
  'plan/quota.ts': ['quota'],
  'plan/select.ts': ['select'],
  'plan/glob.ts': ['select', 'hostile'],
  'manifest/': ['manifest', 'manifest-record', 'github-publish', 'github-find', 'journal', 'hostile'],
  'manifest/github/': ['github-find', 'github-publish', 'hostile'],
  'text/': ['text', 'hostile'],
  'store/': ['store', 'zstd'],
  'store/chunks.ts': ['zstd', 'store', 'age', 'luks-cryptsetup'],
  'store/zstd.ts': ['zstd', 'store'],
  'temporaries/': ['leftovers', 'ledger', 'holdings', 'remove', 'chain', 'sweep-property'],
  'temporaries/find.ts': ['restore-volume-requests', 'restore-volume'],
  'temporaries/unreserved.ts': ['remove', 'restore-volume'],
  'temporaries/ledger.ts': ['ledger', 'restore-image', 'restore-secret', 'restore-volume-requests'],
  'restore/server/': ['restore-server', 'server-from-others'],
  'restore/secret/': ['restore-secret', 'restore-secret-lost'],
  'restore/volume/': [
    'restore-volume-plan',
    'restore-volume-decisions',
    'restore-volume-requests',
    'restore-volume',
  ],
  'backup/volume/': ['backup-volume', 'parent', 'manifest-record'],
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
