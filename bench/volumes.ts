import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Manifest } from '../src/manifest/schema.ts';
import { getBackup } from '../src/openstack/blockstorage/v3/backups.ts';
import { realWorld } from '../test/cloud/world.ts';
import { expectExit, manifestOf } from '../test/scenarios/steps.ts';
import { CLOUD_STATE, CLOUD_VENV } from '../test/support/cloud-paths.ts';

/**
 * `npm run bench:volumes`: ten volumes of the real cloud backed up by us and by a shell script of `openstack` commands,
 * in one run. For each: time, requests to the cloud, and the time that the cloud itself took, by Cinder's own stamps.
 */
const VOLUMES = 10;
const OPENSTACK = `${CLOUD_VENV}/bin`;

/** What a careful person writes: all started at once, then each waited for. */
const SCRIPT = `set -euo pipefail
ids=()
for v in "$@"; do ids+=("$(openstack --debug volume backup create --name "bench-$v" -f value -c id "$v" 2>>"$LOG")"); done
for b in "\${ids[@]}"; do
  while :; do
    s=$(openstack --debug volume backup show -f value -c status "$b" 2>>"$LOG")
    case $s in available) break ;; error) exit 1 ;; esac
    sleep 1
  done
done
printf '%s\\n' "\${ids[@]}"
`;

interface Figure {
  readonly seconds: number;
  readonly requests: number;
  readonly cloud: number;
}

const world = await realWorld();
try {
  const names = Array.from({ length: VOLUMES }, (_, at) => `bench-${at}`);
  const ids: string[] = [];
  for (const name of names) ids.push(await world.makeVolume({ name, content: Buffer.alloc(64 << 20, name) }));
  const ours = await measureOurs();
  const script = await measureScript(ids);
  const row = (who: string, { seconds, requests, cloud }: Figure) =>
    `${who.padEnd(28)} ${seconds.toFixed(1).padStart(7)} s ${String(requests).padStart(9)} ${cloud.toFixed(1).padStart(9)} s ${(seconds / cloud).toFixed(2).padStart(9)}`;
  process.stdout.write(
    [
      `${`${VOLUMES} volumes of 1 GiB, full`.padEnd(28)} ${'time'.padStart(9)} ${'requests'.padStart(9)} ${'the cloud'.padStart(11)} ${'ratio'.padStart(9)}`,
      row('openstack-backup', ours),
      row('a script of openstack', script),
      `the script takes ${(script.seconds / ours.seconds).toFixed(2)} times as long, with ${(script.requests / ours.requests).toFixed(1)} times the requests`,
      '',
    ].join('\n'),
  );
} finally {
  await world.close();
}

async function measureOurs(): Promise<Figure> {
  const started = Date.now();
  const words = [
    'backup-volume',
    '--volumes',
    'name:bench-*',
    '--mode',
    'full',
    '--concurrency',
    String(VOLUMES),
  ];
  const ran = expectExit(await world.tool([...words, '--json', '--verbose']), 0);
  const seconds = (Date.now() - started) / 1000;
  const requests =
    ran.stderr.split('\n').filter((line) => /^ {2}(GET|POST|PUT|DELETE) /.test(line)).length + 1;
  // Not from the API as it is now: marking a backup as recorded sets its `updated_at` again.
  const manifest: Manifest = JSON.parse(await readFile(manifestOf(ran), 'utf8'));
  const stamps = manifest.restorePoints.flatMap((point) =>
    point.method === 'cinder-backup' ? [{ from: point.backup.created, to: point.backup.finished ?? '' }] : [],
  );
  return { seconds, requests, cloud: cloudSeconds(stamps) };
}

async function measureScript(ids: readonly string[]): Promise<Figure> {
  const log = join(world.directory, 'debug.log');
  await writeFile(log, '');
  const started = Date.now();
  const { stdout } = await promisify(execFile)('bash', ['-c', SCRIPT, 'bench', ...ids], {
    env: { PATH: `${OPENSTACK}:${process.env['PATH']}`, LOG: log, ...scriptEnvironment() },
    maxBuffer: 64 << 20,
  });
  const seconds = (Date.now() - started) / 1000;
  const { stdout: count } = await promisify(execFile)('grep', ['-c', '^REQ: ', log]);
  const cloud = cloudSeconds(await stampsOf(stdout.trim().split('\n')));
  await writeFile(log, '');
  return { seconds, requests: Number(count), cloud };
}

function scriptEnvironment(): Record<string, string> {
  return {
    OS_CLIENT_CONFIG_FILE: `${CLOUD_STATE}/clouds.yaml`,
    OS_CLOUD: 'demo',
    HOME: world.directory,
  };
}

/** From the first request that Cinder stamped to the last backup that it called done; its stamps are whole seconds. */
function cloudSeconds(stamps: readonly { readonly from: string; readonly to: string }[]): number {
  if (stamps.length !== VOLUMES) throw new Error(`${stamps.length} backups instead of ${VOLUMES}`);
  const first = Math.min(...stamps.map(({ from }) => Date.parse(from)));
  const last = Math.max(...stamps.map(({ to }) => Date.parse(to)));
  return (last - first) / 1000;
}

async function stampsOf(backupIds: readonly string[]): Promise<{ from: string; to: string }[]> {
  const client = await (await world.session()).service('block-storage');
  const backups = await Promise.all(backupIds.map((id) => getBackup(client, id)));
  return backups.map(({ createdAt, updatedAt }) => ({ from: createdAt, to: updatedAt ?? '' }));
}
