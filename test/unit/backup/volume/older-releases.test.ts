import { randomBytes } from 'node:crypto';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { backupVolume } from '../../../../src/commands/backup-volume.ts';
import type { Command } from '../../../../src/commands/command.ts';
import type { EmbeddedCloudOptions } from '../../../fakes/cloud/index.ts';
import { type EmbeddedWorld, embeddedWorld } from '../../../scenarios/embedded.ts';
import { makeKeeper } from '../../../scenarios/sealed.ts';
import { runnerOf } from '../../../support/faults.ts';
import { fastClock, runInProcess } from '../../../support/in-process.ts';

// Whole commands, on machines that may be busy.
jest.setTimeout(30_000);

let world: EmbeddedWorld | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});

async function prepared(options: EmbeddedCloudOptions) {
  const capabilities = { luksHeaderInside: true };
  const opened = await embeddedWorld({ tickMs: 2, gibBytes: 1 << 22, capabilities, ...options });
  world = opened;
  const { seed, state, requests } = opened.cloud;
  const made = () => ({
    volumes: state.volumes.size,
    snapshots: state.snapshots.size,
    images: state.images.size,
    secrets: state.secrets.size,
  });
  return { opened, seed, state, requests, run: runnerOf(opened), made };
}

/** What Cinder notes of an image without properties of its own. */
const OF_AN_IMAGE = { image_id: '5f2c', image_name: 'tiny', disk_format: 'raw', signature_verified: 'False' };

describe('a Cinder that stumbles over an empty set of properties', () => {
  test.each([
    ['plain', 'standard', false],
    ['plain and in use', 'standard', true],
    ['encrypted', 'luks', false],
    ['encrypted and in use', 'luks', true],
  ])('saves a volume of such an image all the same: %s', async (_what, type, used) => {
    const { opened, seed, state, made } = await prepared({ emptyPropertiesFail: true });
    const { id } = seed.addVolume({ type, bytes: randomBytes(1000), imageMetadata: OF_AN_IMAGE });
    if (used) await opened.attach(id);
    const before = made();
    // A clock that runs too far ahead would take the cloud's new secrets for old ones.
    const told = await runInProcess(
      backupVolume as Command,
      { volumes: id, method: 'image' },
      { environment: opened.cloud.openrc(), directory: opened.directory, clock: fastClock(3) },
    );
    opened.heard(told.log);
    expect([told.code, told.outputs['failed']]).toEqual([0, '[]']);
    expect(told.log).toContain('is made from a temporary copy');
    const image = [...state.images.values()].find(({ properties }) => 'openstack_backup_point' in properties);
    expect(Object.keys(image?.properties ?? {})).not.toContain('openstack_backup_copy');
    expect(image?.size).toBe(state.volumes.get(id)?.data.size);
    expect(state.volumes.get(id)?.imageMetadata).toEqual(OF_AN_IMAGE);
    if (type === 'luks') expect(told.log).toContain('left by the failed upload, was removed');
    // The image and its key stay; nothing of the copy does.
    expect(made()).toEqual({
      ...before,
      images: before.images + 1,
      secrets: before.secrets + (type === 'luks' ? 1 : 0),
    });
  });

  test('keeps no note of Cinder on the image, of which that of 2023.1 would make no volume', async () => {
    const { seed, state, run } = await prepared({ notesInherited: true });
    const { id } = seed.addVolume({ bytes: randomBytes(1000), imageMetadata: { ...OF_AN_IMAGE, os: 'x' } });
    expect((await run(backupVolume, { volumes: id, method: 'image' })).code).toBe(0);
    const image = [...state.images.values()].find(({ properties }) => 'openstack_backup_point' in properties);
    expect(Object.keys(image?.properties ?? {}).sort()).toEqual(['openstack_backup_point', 'os']);
  });

  test('gets no copy where it does not', async () => {
    const { seed, run, requests } = await prepared({});
    const { id } = seed.addVolume({ bytes: randomBytes(1000), imageMetadata: OF_AN_IMAGE });
    expect((await run(backupVolume, { volumes: id, method: 'image' })).code).toBe(0);
    const posts = requests.filter(
      ({ method, path }) => method === 'POST' && /snapshots$|volumes$/.test(path),
    );
    expect(posts).toEqual([]);
  });
});

describe('a volume of LUKS2 with a store', () => {
  async function saved(
    options: EmbeddedCloudOptions,
    more: Readonly<Record<string, string>>,
    dryRun = false,
  ) {
    const all = await prepared(options);
    for (const { encryption } of all.state.types.values())
      if (encryption !== null) encryption.provider = 'luks2';
    const { id } = all.seed.addVolume({ name: 'vault', type: 'luks', bytes: randomBytes(1000) });
    const before = all.made();
    const told = await all.run(
      backupVolume,
      { volumes: id, store: 'directory:payloads', ...more },
      { dryRun },
    );
    return { ...all, told, before };
  }

  test.each([
    ['as an image where Glance takes it, as before 2025.1', true, 0],
    ['as a Cinder backup where it does not', false, 1],
  ])('is saved %s', async (_what, uninspectedImages, backups) => {
    const { recipient: recipients } = await makeKeeper();
    const { told, state, before, made } = await saved({ uninspectedImages }, { recipients });
    expect([told.code, told.outputs['failed']]).toEqual([0, '[]']);
    expect(state.backups.size).toBe(backups);
    // Cinder gives each of its backups a clone of the key.
    expect(made()).toEqual({ ...before, secrets: before.secrets + backups });
  });

  test('a dry run says that the cloud is asked, and does not ask it', async () => {
    const { recipient: recipients } = await makeKeeper();
    const { told, requests } = await saved({}, { recipients }, true);
    expect(told.log).toContain('if this cloud accepts one');
    expect(requests.filter(({ method, path }) => method !== 'GET' && /images|backups/.test(path))).toEqual(
      [],
    );
  });

  test('keeps to Cinder where nobody would have its key', async () => {
    const { told, state, requests } = await saved({ uninspectedImages: true }, {});
    expect(told.code).toBe(0);
    expect(state.backups.size).toBe(1);
    expect(requests.filter(({ method, path }) => method === 'POST' && path.endsWith('/images'))).toEqual([]);
  });

  test('keeps to Cinder where it cannot be asked', async () => {
    const { recipient: recipients } = await makeKeeper();
    const all = await prepared({ uninspectedImages: true });
    for (const { encryption } of all.state.types.values())
      if (encryption !== null) encryption.provider = 'luks2';
    const { id } = all.seed.addVolume({ name: 'vault', type: 'luks' });
    all.opened.cloud.faults.add({
      when: { method: 'POST', path: /\/images$/, times: Number.POSITIVE_INFINITY },
      do: { status: 403 },
    });
    const told = await all.run(backupVolume, { volumes: id, store: 'directory:payloads', recipients });
    expect([told.code, all.state.backups.size]).toEqual([0, 1]);
    expect(told.log).toContain('cannot find out');
  });
});
