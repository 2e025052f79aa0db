/** Which tests must catch a mistake in a file, by the longest beginning of its path that stands here; in their order. */
const TESTS: Readonly<Record<string, readonly string[]>> = {
  'keys/': ['keys/luks', 'keys/luks-cryptsetup'],
  'keys/age.ts': ['keys/age', 'payload/store'],
  'payload/by-hand.ts': ['keys/luks', '../process/unlock'],
  'openstack/': [
    'openstack/client',
    'openstack/http',
    'openstack/config',
    'openstack/cloud-time',
    'openstack/compute',
    'openstack/blockstorage',
  ],
  'openstack/cloud-time.ts': ['openstack/cloud-time'],
  'openstack/pages.ts': ['openstack/pages'],
  'openstack/watcher.ts': ['openstack/watcher'],
  'openstack/image/': [
    'backup/image/download',
    'openstack/image',
    'restore/image/restore',
    'backup/server/save',
  ],
  'openstack/keymanager/': ['openstack/keymanager', 'restore/secret/restore', 'restore/secret/lost'],
  'openstack/retry.ts': ['openstack/client', 'openstack/image', 'restore/secret/lost'],
  'openstack/errors.ts': ['openstack/client', 'openstack/compute'],
  'openstack/session.ts': [
    'openstack/client',
    'openstack/cloud-time',
    'openstack/config',
    'openstack/image',
    'openstack/compute',
  ],
  'chain/': ['chain/chain', 'chain/parent', 'temporaries/leftovers', 'backup/volume/save', 'publish/record'],
  'plan/method.ts': ['plan/method'],
  'plan/quota.ts': ['plan/quota'],
  'plan/select.ts': ['plan/select'],
  'plan/glob.ts': ['plan/select', 'hostile'],
  'manifest/contradictions.ts': ['manifest/contradictions'],
  'manifest/': [
    'manifest/manifest',
    'publish/record',
    'publish/github-publish',
    'catalog/github-find',
    'manifest/journal',
    'hostile',
  ],
  'catalog/choose.ts': ['catalog/choose'],
  'catalog/read.ts': ['catalog/read', 'manifest/manifest'],
  'manifest/points.ts': ['catalog/choose'],
  'publish/record.ts': ['publish/record'],
  'catalog/': [
    'manifest/manifest',
    'catalog/github-find',
    'publish/github-publish',
    'manifest/journal',
    'hostile',
  ],
  'publish/': [
    'manifest/manifest',
    'publish/record',
    'publish/github-publish',
    'catalog/github-find',
    'manifest/journal',
    'hostile',
  ],
  'runbook/': ['runbook/runbook', 'hostile'],
  'decode.ts': ['openstack/client', 'openstack/blockstorage', 'openstack/cloud-time'],
  'text/': ['text/text', 'hostile'],
  'store/': ['payload/store'],
  'payload/': ['payload/store', 'stream/zstd'],
  'stream/': ['stream/zstd', 'payload/store'],
  'ports/': ['host/github', 'host/terminal', 'temporaries/leftovers'],
  'stream/chunks.ts': ['stream/zstd', 'payload/store', 'keys/age', 'keys/luks-cryptsetup'],
  'stream/zstd.ts': ['stream/zstd', 'payload/store'],
  'temporaries/': [
    'temporaries/leftovers',
    'temporaries/ledger',
    'temporaries/holdings',
    'temporaries/remove',
    'chain/chain',
    'temporaries/sweep-property',
  ],
  'temporaries/find.ts': ['restore/volume/requests', 'restore/volume/restore'],
  'temporaries/unreserved.ts': ['temporaries/remove', 'restore/volume/restore'],
  'temporaries/ledger.ts': [
    'temporaries/ledger',
    'restore/image/restore',
    'restore/secret/restore',
    'restore/volume/requests',
  ],
  'restore/server/': ['restore/server/restore', 'restore/server/from-others'],
  'restore/secret/': ['restore/secret/restore', 'restore/secret/lost'],
  'restore/volume/': [
    'restore/volume/plan',
    'restore/volume/decisions',
    'restore/volume/requests',
    'restore/volume/restore',
  ],
  'backup/volume/': ['backup/volume/save', 'chain/parent', 'publish/record'],
  'backup/volume/orphans.ts': ['backup/volume/orphans'],
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
