import { afterAll, expect, test } from '@jest/globals';
import { backupServer } from '../../src/commands/backup-server.ts';
import { backupVolume } from '../../src/commands/backup-volume.ts';
import { restoreServer } from '../../src/commands/restore-server.ts';
import { restoreVolume } from '../../src/commands/restore-volume.ts';
import { newTag, writeTemporary } from '../../src/temporaries/tags.ts';
import type { EmbeddedWorld } from '../scenarios/embedded.ts';
import { makeKeeper } from '../scenarios/sealed.ts';
import { isWrite } from '../support/every-request.ts';
import { prepared } from '../support/struck-servers.ts';

const keeper = await makeKeeper();
const store = 'directory:openstack-backups/payloads';
const sealed = { store, recipients: keeper.recipient };
const restoring = { store, identity: keeper.environment.IDENTITY, 'allow-unsigned': 'true' };

const worlds: EmbeddedWorld[] = [];
afterAll(async () => {
  for (const world of worlds) await world.close();
}, 60_000);

/** A command to try, on a cloud where it has what it needs. */
type Case = (
  all: Awaited<ReturnType<typeof prepared>>,
) => Promise<readonly [unknown, Record<string, string>]>;

const cases: Record<string, Case> = {
  'backup-volume': async ({ fromImage: { volumes } }) => [
    backupVolume,
    { volumes: volumes[0]?.volumeId ?? '', ...sealed },
  ],
  'backup-server': async ({ fromImage }) => [backupServer, { servers: fromImage.id, ...sealed }],
  'restore-volume, from a Cinder backup': async ({ run, fromVolume: { volumes } }) => {
    const saved = await run(backupVolume, { volumes: volumes[0]?.volumeId ?? '' });
    return [restoreVolume, { manifest: saved.outputs['manifest'] ?? '', ...restoring }];
  },
  'restore-volume, from a store': async ({ run, fromImage: { volumes } }) => {
    const saved = await run(backupVolume, { volumes: volumes[0]?.volumeId ?? '', ...sealed });
    return [restoreVolume, { manifest: saved.outputs['manifest'] ?? '', ...restoring }];
  },
  'restore-server': async ({ run, fromVolume }) => {
    const saved = await run(backupServer, { servers: fromVolume.id });
    return [restoreServer, { manifest: saved.outputs['manifest'] ?? '', ...restoring }];
  },
};

test.each(Object.entries(cases))(
  '%s fits when what a dead run left is gone, which it removes first',
  async (_, prepare) => {
    const all = await prepared();
    const { world, run } = all;
    worlds.push(world);
    const { cloud } = world;
    const words = await prepare(all);
    const { project } = cloud.seed.token();
    const wanted = await run(...words, { dryRun: true });
    const [, volumes = ''] = /(\d+) of \d+ volumes/.exec(wanted.log) ?? [];
    expect(wanted.code).toBe(0);
    Object.assign(cloud.state.projects.get(project?.id ?? '')?.quota ?? {}, { volumes: Number(volumes) });
    const left = cloud.seed.addVolume({ name: 'left' });
    const made = Date.now();
    left.description = writeTemporary({
      purpose: 'scratch',
      tag: newTag(),
      id: left.id,
      made,
      expires: made,
      owner: 'github:o/r:99:1',
    });

    const asked = cloud.requests.length;
    const dry = await run(...words, { dryRun: true });
    expect(dry.code).toBe(1);
    expect(dry.log + dry.error).toContain('the quota is too small for');
    expect(dry.log).toContain(
      `volume "left" (${left.id}, available) was left by an interrupted run, and would be removed`,
    );
    expect(cloud.requests.slice(asked).filter(isWrite)).toEqual([]);

    const told = await run(...words);
    expect([told.code, told.error]).toEqual([0, '']);
    expect(told.log).toContain(
      `volume "left" (${left.id}, available), left by an interrupted run, was removed`,
    );
    expect(cloud.state.volumes.has(left.id)).toBe(false);
  },
  60_000,
);

test('what does not fit without a dead run is refused, and nothing is touched', async () => {
  const all = await prepared();
  const { world, run } = all;
  worlds.push(world);
  const { cloud } = world;
  const words = await (cases['restore-server'] as Case)(all);
  const { project } = cloud.seed.token();
  Object.assign(cloud.state.projects.get(project?.id ?? '')?.quota ?? {}, {
    volumes: cloud.state.volumes.size + 1,
  });
  const asked = cloud.requests.length;
  const told = await run(...words);
  expect([told.code, told.error]).toEqual([
    1,
    expect.stringContaining(
      'Delete volumes that are no longer needed (openstack volume list), or ask the operator',
    ),
  ]);
  expect(cloud.requests.slice(asked).filter(isWrite)).toEqual([]);
});
