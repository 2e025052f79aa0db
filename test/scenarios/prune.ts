import { randomBytes } from 'node:crypto';
import { expect } from '@jest/globals';
import { POINT_PROPERTY } from '../../src/catalog/kept-image.ts';
import { createBackup, getBackup } from '../../src/openstack/blockstorage/v3/backups.ts';
import { getImage, listImages, updateImage } from '../../src/openstack/image/v2/images.ts';
import { collect } from '../../src/pool.ts';
import type { Ran } from '../support/tool.ts';
import { waitFor } from '../support/wait.ts';
import { backUp, backupsOf, expectExit, manifestOf, pointsOf, restore, type Scenario } from './steps.ts';
import type { World } from './world.ts';

const LAST = ['--keep-last', '1', '--min-copies', '1', '--allow-unsigned', '--allow-over-half'];

async function prune(world: World, code: number, ...more: string[]): Promise<Ran> {
  return expectExit(await world.tool(['prune', ...LAST, ...more, '--json']), code);
}

/** A backup that a person makes with Cinder's own means. */
async function byHand(
  world: World,
  volumeId: string,
  more: { incremental?: boolean; metadata?: Readonly<Record<string, string>> } = {},
): Promise<string> {
  const client = await (await world.session()).service('block-storage');
  const id = await createBackup(client, {
    volumeId,
    name: 'by hand',
    incremental: false,
    force: true,
    metadata: {},
    ...more,
  });
  await waitFor(`backup ${id} of a person`, async () => (await getBackup(client, id)).status === 'available');
  return id;
}

const idsOf = (ran: Ran) => pointsOf(ran).map(({ backup }) => backup);

/** Those of the volumes, among all that the project has. */
async function backupIds(world: World, volumes: readonly string[]): Promise<string[]> {
  const all = await backupsOf(world);
  return all.flatMap(({ id, volumeId }) => (volumes.includes(volumeId) ? [id] : [])).sort();
}

export const chainsGo: Scenario = {
  name: 'whole chains go, newest first; what is foreign, copied or needed stays; what stays is restored with its bytes',
  async run(world) {
    const db = await world.makeVolume({ name: 'prune-db', content: randomBytes(1 << 20) });
    const log = await world.makeVolume({ name: 'prune-log' });
    const save = async (id: string, ...more: string[]) => {
      await world.write(id, 8 << 20, randomBytes(100_000));
      return backUp(world, [id], ...more);
    };
    // Two chains of two, one that goes and one that is by hand; then the one that stays.
    const goes = [...idsOf(await save(db, '--max-chain', '2')), ...idsOf(await save(db, '--max-chain', '2'))];
    const [, increment = ''] = goes;
    const client = await (await world.session()).service('block-storage');
    const copy = await byHand(world, db, { metadata: (await getBackup(client, increment)).metadata });
    const foreign = [await byHand(world, db), await byHand(world, db, { incremental: true })];
    const kept = await save(db);
    const digest = await world.digest(db);
    // An increment of somebody else stands on the first: it stays, and the second goes.
    const needed = idsOf(await save(log));
    const dependent = await byHand(world, log, { incremental: true });
    goes.push(...idsOf(await save(log)));
    const newest = idsOf(await save(log, '--mode', 'full'));
    const all = await backupIds(world, [db, log]);

    const shown = (await prune(world, 0, '--dry-run')).json;
    expect(await backupIds(world, [db, log])).toEqual(all);
    await prune(world, 2, '--expect', '0'.repeat(64));
    expect(await backupIds(world, [db, log])).toEqual(all);
    const ran = await prune(world, 0, '--expect', String(shown['digest']));
    const deleted = (ran.json['deleted'] as { id: string }[]).map(({ id }) => id);
    expect([...deleted].sort()).toEqual([...goes].sort());
    expect(deleted.indexOf(increment)).toBeLessThan(deleted.indexOf(goes[0] ?? ''));
    expect(await backupIds(world, [db, log])).toEqual(
      [copy, ...foreign, ...idsOf(kept), ...needed, dependent, ...newest].sort(),
    );

    const listed = expectExit(await world.tool(['list', '--json']), 0).json['points'] as { data: string }[];
    expect(listed.map(({ data }) => data).sort()).toEqual([...idsOf(kept), ...needed, ...newest].sort());
    const again = await prune(world, 0);
    expect([again.json['deleted'], await backupIds(world, [db, log])]).toEqual([
      [],
      all.filter((id) => !goes.includes(id)),
    ]);
    const restored = await restore(world, '--manifest', manifestOf(kept), '--volume', 'prune-db');
    expect(await world.digest(restored)).toBe(digest);
  },
};

/** Of the project, tiny public ones left out. */
async function imageIds(world: World): Promise<string[]> {
  const session = await world.session();
  const images = await collect(
    listImages(await session.service('image'), { owner: session.scope.project.id }),
  );
  return images.map(({ id }) => id).sort();
}

export const imagesGo: Scenario = {
  name: 'an image that is a backup goes; one with a copy of its record, a protected one and one of a person stay',
  async run(world) {
    const id = await world.makeVolume({ name: 'prune-web', content: randomBytes(1000) });
    const own = await world.makeImage({ name: 'golden', bytes: randomBytes(1000) });
    const glance = await (await world.session()).service('image');
    const save = async () => {
      const before = await imageIds(world);
      const ran = await backUp(world, [id], '--method', 'image');
      const [image = ''] = (await imageIds(world)).filter((one) => !before.includes(one));
      // Glance has whole seconds.
      await new Promise((resolve) => setTimeout(resolve, 1100));
      return { image, ran };
    };
    const [first, second, kept] = [await save(), await save(), await save()];
    const point = (await getImage(glance, first.image)).properties[POINT_PROPERTY];
    await updateImage(glance, own, [{ op: 'add', name: POINT_PROPERTY, value: point }]);
    await updateImage(glance, second.image, [{ op: 'replace', name: 'protected', value: true }]);
    const all = await imageIds(world);

    const ran = await prune(world, 1);
    expect((ran.json['deleted'] as { id: string }[]).map((one) => one.id)).toEqual([first.image]);
    expect(ran.stderr).toContain(`image ${second.image} was not deleted: it is protected`);
    expect(await imageIds(world)).toEqual(all.filter((one) => one !== first.image));
    await updateImage(glance, second.image, [{ op: 'replace', name: 'protected', value: false }]);
    await prune(world, 0);
    expect(await imageIds(world)).toEqual([own, kept.image].sort());
    const restored = await restore(world, '--manifest', manifestOf(kept.ran), '--volume', 'prune-web');
    expect(await world.digest(restored)).toBe(await world.digest(id));
  },
};

export const pruneScenarios: readonly Scenario[] = [chainsGo, imagesGo];
