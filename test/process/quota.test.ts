import { afterAll, expect, test } from '@jest/globals';
import { backupServer } from '../../src/commands/backup-server.ts';
import { backupVolume } from '../../src/commands/backup-volume.ts';
import { restoreVolume } from '../../src/commands/restore-volume.ts';
import type { EmbeddedWorld } from '../scenarios/embedded.ts';
import { makeKeeper } from '../scenarios/sealed.ts';
import { isWrite } from '../support/every-request.ts';
import { prepared } from '../support/struck-servers.ts';

const keeper = await makeKeeper();
const sealed = { store: 'directory:openstack-backups/payloads', recipients: keeper.recipient };

const worlds: EmbeddedWorld[] = [];
afterAll(async () => {
  for (const world of worlds) await world.close();
}, 60_000);

async function world() {
  const all = await prepared();
  worlds.push(all.world);
  const { cloud } = all.world;
  const project = cloud.state.projects.get(cloud.seed.token().project?.id ?? '');
  if (project === undefined) throw new Error('demo has no project');
  return { ...all, cloud, project };
}

type Failed = { readonly id: string; readonly error: string }[];
const failedOf = (outputs: Readonly<Record<string, string | undefined>>): Failed =>
  JSON.parse(outputs['failed'] ?? '');
const namesOf = (outputs: Readonly<Record<string, string | undefined>>): string[] =>
  JSON.parse(outputs['restore-points'] ?? '').map(({ name }: { name: string }) => name);

test('a quota of one volume type fails what needs it, and the others are saved', async () => {
  const { cloud, run, project, fromImage } = await world();
  const plain = cloud.seed.addVolume({ name: 'free' });
  const [used] = fromImage.volumes;
  project.typeQuota = { volumes_luks: 1 };
  const told = await run(backupVolume, { volumes: `${plain.id},${used?.volumeId}`, ...sealed });
  expect([told.code, told.error]).toEqual([1, '']);
  expect(namesOf(told.outputs)).toEqual(['free']);
  expect(failedOf(told.outputs)).toEqual([
    {
      id: used?.volumeId,
      name: 'luks',
      error: expect.stringMatching(/2 of 1 volumes of type luks\. Delete volumes of type luks/),
    },
  ]);
  // Another credential's rules may hide it: then the cloud says it, in the middle of the run.
  cloud.faults.add({ when: { method: 'GET', path: /os-quota-sets/ }, do: { status: 403 } });
  const late = await run(backupVolume, { volumes: `${plain.id},${used?.volumeId}`, ...sealed });
  expect(namesOf(late.outputs)).toEqual(['free']);
  expect(failedOf(late.outputs)[0]?.error).toMatch(
    /exceeded for quota 'volumes_luks'.*Delete volumes of type luks that are no longer needed, or ask/,
  );
}, 60_000);

test('a quota that another run uses up meanwhile fails the one that it hits, with the backups that can go', async () => {
  const { cloud, run } = await world();
  const [one, two] = [cloud.seed.addVolume({ name: 'one' }), cloud.seed.addVolume({ name: 'two' })];
  const full = { mode: 'full', concurrency: '1' };
  for (let night = 0; night < 2; night += 1) await run(backupVolume, { volumes: one.id, ...full });
  const [old] = [...cloud.state.backups.values()];
  const message = 'BackupLimitExceeded: Maximum number of backups allowed (3) exceeded';
  cloud.faults.add({ when: { method: 'POST', path: /backups$/, nth: 2 }, do: { status: 413, message } });
  const told = await run(backupVolume, { volumes: `${one.id},${two.id}`, ...full });
  expect([told.code, told.error]).toEqual([1, '']);
  expect(namesOf(told.outputs)).toEqual(['two']);
  const [failure] = failedOf(told.outputs);
  expect(failure?.id).toBe(one.id);
  expect(failure?.error).toContain(message);
  expect(failure?.error).toContain(`openstack volume backup delete ${old?.id}`);
}, 60_000);

test('a server whose disks do not all fit fails as a whole, and nothing of it is saved', async () => {
  const { cloud, run, project, fromVolume, fromImage } = await world();
  project.quota.backups = 1;
  const before = cloud.state.backups.size;
  const told = await run(backupServer, { servers: `${fromVolume.id},${fromImage.id}` });
  expect([told.code, told.error]).toEqual([1, '']);
  expect(namesOf(told.outputs)).toContain('from-image');
  expect(failedOf(told.outputs)).toEqual([
    {
      id: fromVolume.id,
      name: 'from-volume',
      error: expect.stringContaining(
        `the quota is too small for server "from-volume" (${fromVolume.id}): 2 of 1 backups`,
      ),
    },
  ]);
  expect(cloud.state.backups.size).toBe(before + 1);
  expect(cloud.state.snapshots.size).toBe(0);
}, 60_000);

test('what needs a copy while it is saved takes turns where there is room for one', async () => {
  const { cloud, run, project, fromVolume } = await world();
  project.quota.volumes = cloud.state.volumes.size + 1;
  const volumes = fromVolume.volumes.map(({ volumeId }) => volumeId).join(',');
  const told = await run(backupVolume, { volumes, concurrency: '4', ...sealed });
  expect([told.code, told.error, failedOf(told.outputs)]).toEqual([0, '', []]);
}, 60_000);

test('a restore is refused before anything is touched, with the advice for its own quota', async () => {
  const { cloud, run, project, fromImage } = await world();
  const saved = await run(backupVolume, { volumes: fromImage.volumes[0]?.volumeId ?? '' });
  const restore = { manifest: saved.outputs['manifest'] ?? '', 'allow-unsigned': 'true' };
  project.typeQuota = { gigabytes_luks: 1 };
  const asked = cloud.requests.length;
  const told = await run(restoreVolume, restore);
  expect([told.code, told.error]).toEqual([
    1,
    expect.stringMatching(
      /2 of 1 GB of volumes and snapshots of type luks.*of type luks that are no longer needed/,
    ),
  ]);
  expect(told.error).not.toContain('backup');
  expect(cloud.requests.slice(asked).filter(isWrite)).toEqual([]);
}, 60_000);
