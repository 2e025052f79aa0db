import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { apply } from '../../src/commands/apply.ts';
import { backupImage } from '../../src/commands/backup-image.ts';
import { type EmbeddedCloudOptions, type Image, SparseBytes } from '../fakes/cloud/index.ts';
import { toQcow2 } from '../fakes/cloud/qcow2.ts';
import { type EmbeddedWorld, embeddedWorld } from '../scenarios/embedded.ts';
import { endAt } from '../scenarios/interrupted.ts';
import { makeKeeper } from '../scenarios/sealed.ts';
import { runnerOf } from '../support/faults.ts';
import { takePoints } from '../support/payloads.ts';

const { recipient, environment } = await makeKeeper();
let world: EmbeddedWorld;

afterEach(() => world.close());

/** A qcow2 in a cloud, and what is stored of it. */
async function guest(options: EmbeddedCloudOptions = {}) {
  world = await embeddedWorld({ tickMs: 2, gibBytes: 2 ** 20, ...options });
  const disk = SparseBytes.from(Buffer.concat([randomBytes(300_000), Buffer.alloc(70_000), randomBytes(50)]));
  const image = await world.cloud.seed.addImage(toQcow2(disk), { name: 'guest', diskFormat: 'qcow2' });
  const save = async () => {
    const told = await runnerOf(world)(backupImage, { images: image.id, recipients: recipient, raw: 'true' });
    const points = await takePoints(world, environment.IDENTITY);
    return { ...told, stored: points.map(({ opened }) => opened) };
  };
  return { disk, image, save };
}

/** As it is, with this reason, and nothing is left. */
async function expectAsItIs(
  { image, save }: { image: Image; save: Awaited<ReturnType<typeof guest>>['save'] },
  why: RegExp,
) {
  const { code, log, stored } = await save();
  expect([code, stored]).toEqual([0, [image.data?.sha256()]]);
  expect(log).toMatch(/is stored as it is, as qcow2: no raw disk was made of it: /);
  expect(log).toMatch(why);
  expect(await world.leftBehind()).toEqual({ images: [image.id] });
}

describe('an image that is to be stored as raw', () => {
  test.each([
    ['as the cloud is', {}],
    ['if Cinder needs a property (Launchpad 2144550)', { emptyPropertiesFail: true }],
    ['if the cloud has no digests', { capabilities: { imageHashes: false } }],
  ] as const)('its disk is stored: %s', async (_, options) => {
    const { disk, image, save } = await guest(options);
    const { code, log, stored } = await save();
    expect([code, stored]).toEqual([0, [disk.sha256()]]);
    expect(log).toContain('as raw, converted from qcow2');
    expect(await world.leftBehind()).toEqual({ images: [image.id] });
  });

  test('its disk is stored: as a plan says', async () => {
    const { image } = await guest();
    const { id } = (await world.session()).scope.project;
    const lines = [
      ...['version: 1', `project: ${id}`, 'store: directory:payloads', 'publish: [store]', 'back-up:'],
      ...['  - name: images', '    select: all', '    kinds: [image]', '    every: 1d', '    raw: true', ''],
    ];
    await writeFile(join(world.directory, 'plan.yml'), lines.join('\n'));
    const { code, log } = await runnerOf(world)(apply, { plan: 'plan.yml' });
    expect(code).toBe(0);
    expect(log).toContain('as raw, converted from qcow2');
    expect(await world.leftBehind()).toEqual({ images: [image.id] });
  });

  test('no room for the volume: stored as it is, and nothing is made', async () => {
    const made = await guest();
    for (const { quota } of world.cloud.state.projects.values()) quota.volumes = 0;
    await expectAsItIs(made, /the quota is too small for the raw disk of image .*: 1 of 0 volumes/);
    expect(
      world.cloud.requests.filter(({ method, path }) => method === 'POST' && /volumes/.test(path)),
    ).toEqual([]);
  });

  test('an encrypted volume by default: stored as it is, since an image of it would have the ciphertext', async () => {
    const made = await guest();
    const luks = [...world.cloud.state.types.values()].find(({ name }) => name === 'luks');
    world.cloud.state.defaultTypeId = luks?.id ?? '';
    await expectAsItIs(made, /the cloud makes an encrypted volume of it/);
  });

  test('a disk that is larger than Glance says: stored as it is, and nothing is cut off', async () => {
    const made = await guest();
    made.image.virtualSize = 350_000;
    await expectAsItIs(made, /the cloud says that its disk has 350000 bytes, but it has more/);
  });

  test('bytes that change on their way: fails, and nothing is stored', async () => {
    const { image, save } = await guest();
    world.cloud.faults.add({ when: { method: 'GET', path: /\/file$/ }, do: 'flipped-bit' });
    const { code, log, stored } = await save();
    expect([code, stored]).toEqual([1, []]);
    expect(log).toMatch(/the data of image .* is damaged: its sha512 differs/);
    expect(await world.leftBehind()).toEqual({ images: [image.id] });
  });

  test('a run that is killed while it reads: the next one removes volume and image', async () => {
    const { disk, image, save } = await guest();
    world.cloud.faults.add({ when: { method: 'GET', path: /\/file$/ }, do: { slowBody: 50 } });
    const words = ['backup-image', '--images', image.id, '--raw', '--recipients', recipient];
    const killed = await world.tool(words, { onOutput: endAt('is being read from image', 'SIGKILL') });
    expect(killed.code).toBeNull();
    const left = await world.leftBehind();
    expect([left['images']?.length, left['volumes']?.length]).toEqual([2, 1]);
    world.cloud.faults.clear();
    const { code, stored } = await save();
    expect([code, stored]).toEqual([0, [disk.sha256()]]);
    expect(await world.leftBehind()).toEqual({ images: [image.id] });
  });
});
