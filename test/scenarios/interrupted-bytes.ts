import { randomBytes } from 'node:crypto';
import { expect } from '@jest/globals';
import type { ImagePoint } from '../../src/manifest/schema.ts';
import { volumeBecomes } from './fixtures/volumes.ts';
import { endAt, expectEnded } from './interrupted.ts';
import { bringBack, makeKeeper, manifestIn, payloadFiles, STORE, save } from './sealed.ts';
import { expectExit, inventory, type Scenario } from './steps.ts';
import type { World } from './world.ts';

type Signal = 'SIGKILL' | 'SIGINT' | 'SIGTERM';

/** What the program says, when told to say all, as soon as the bytes of an image begin to come. */
const BYTES_COME = '/file: 200';

const store = (world: World) => ['--store', `directory:${STORE(world)}`];

const killedSaving: Scenario = {
  name: 'a volume in use whose bytes stream to a store, ended by SIGINT, then by SIGKILL: as before; all temporaries go with the next run, which tells of its key, whole and in no manifest',
  async run(world) {
    const keeper = await makeKeeper();
    const id = await world.makeVolume({ name: 'stream', type: 'luks', content: randomBytes(100_000) });
    const detach = await world.attach(id);
    const [size, digest] = [await world.deviceSize(id), await world.digest(id)];
    const before = await inventory(world);
    const words = ['backup-volume', '--volumes', id, ...store(world), '--recipients', keeper.recipient];
    let left: readonly string[] = [];
    for (const signal of ['SIGINT', 'SIGKILL'] as const) {
      const killed = await world.tool([...words, '--verbose'], { onOutput: endAt(BYTES_COME, signal) });
      expectEnded(killed, signal);
      left = await payloadFiles(world);
      if (signal === 'SIGKILL') expect(left).toEqual([expect.stringMatching(/^secret-/)]);
      else expect(left).toEqual([]);
      expect(await world.digest(id)).toBe(digest);
    }

    const saved = await save(world, keeper, 'backup-volume', '--volumes', id, ...store(world));
    const { restorePoints } = await manifestIn(saved);
    const named = restorePoints.flatMap((point) => ('payload' in point ? (point.payload?.name ?? []) : []));
    expect(await payloadFiles(world)).toEqual([...named, ...left].sort());
    // "secret" is a password on the real cloud, and is masked.
    for (const name of left.map((one) => one.replace('secret', '')))
      expect(saved.stderr).toMatch(new RegExp(`${name}.*remove it with: rm .*${name}`));
    expect(Object.keys(await world.leftBehind()).sort()).toEqual(['servers', 'volumes']);
    expect((await inventory(world)).length).toBe(before.length);
    await detach();
    await world.removeVolume(id);
    const restored = expectExit(await bringBack(world, keeper, 'restore-volume', saved, ...store(world)), 0);
    const back = String(restored.json['volume-id']);
    expect(await world.digest(back, size)).toBe(digest);
    expect(await world.leftBehind()).toEqual({ volumes: [back] });
  },
};

const killedUpload = (signal: Signal): Scenario => ({
  name: `an image that is being restored, ended by ${signal} once it was made: it and its key are removed, at once or by the next run`,
  async run(world) {
    const keeper = await makeKeeper();
    const bytes = randomBytes(3_000_000).fill(0, 0, 512);
    const id = await world.makeImage({ name: 'again', bytes });
    const saved = await save(world, keeper, 'backup-image', '--images', id);
    const digest = await world.imageDigest(id);
    await world.removeImage(id);
    const [point] = (await manifestIn(saved)).restorePoints as ImagePoint[];
    const words = ['restore-image', '--manifest', String(saved.json['manifest']), '--allow-unsigned'];
    const killed = await world.tool([...words, '--identity', 'env:IDENTITY', '--verbose'], {
      environment: keeper.environment,
      onOutput: endAt('/images: 201', signal),
    });
    expectEnded(killed, signal);
    const left = await world.leftBehind();
    if (signal === 'SIGKILL') expect(left.images).toHaveLength(1);
    else expect(left).toEqual({});
    const restored = expectExit(await bringBack(world, keeper, 'restore-image', saved), 0);
    const back = String(restored.json['image-id']);
    expect(await world.imageDigest(back)).toBe(digest);
    expect(await world.leftBehind()).toEqual({ images: [back] });
    expect(await payloadFiles(world)).toEqual([point?.payload.name]);
  },
});

const killedServer: Scenario = {
  name: 'a server whose image is being made, killed: as before, and the next run removes image and snapshots and saves it',
  async run(world) {
    const root = await world.makeVolume({ name: 'ks', bootable: true, content: randomBytes(50_000) });
    const server = await world.makeServer({ name: 'ks', rootVolume: root });
    const digest = await world.digest(root);
    const words = ['backup-server', '--servers', server.id];
    const killed = await world.tool(words, { onOutput: endAt(' is being made: ', 'SIGKILL') });
    expectEnded(killed, 'SIGKILL');
    expect(Object.keys(await world.leftBehind())).toEqual(expect.arrayContaining(['images', 'snapshots']));
    const saved = expectExit(await world.tool([...words, '--json']), 0);
    expect((await manifestIn(saved)).restorePoints.map(({ method }) => method)).toEqual(
      expect.arrayContaining(['cinder-backup', 'disks']),
    );
    expect(await world.digest(root)).toBe(digest);
    expect(Object.keys(await world.leftBehind()).sort()).toEqual(['backups', 'servers', 'volumes']);
    await server.remove();
    await volumeBecomes(await world.session(), root, 'available');
  },
};

const killedSecret: Scenario = {
  name: 'a key that is being restored, killed once it has its record: the next run removes it unless it is whole, and brings the key back',
  async run(world) {
    const keeper = await makeKeeper();
    const payload = randomBytes(32);
    const octets = 'application/octet-stream';
    const id = await world.makeSecret({ name: 'kk', payload, secretType: 'symmetric', contentType: octets });
    const saved = await save(world, keeper, 'export-secret', '--secrets', id);
    await world.removeSecret(id);
    const words = ['restore-secret', '--manifest', String(saved.json['manifest']), '--allow-unsigned'];
    const killed = await world.tool([...words, '--identity', 'env:IDENTITY', '--verbose'], {
      environment: keeper.environment,
      onOutput: endAt('/metadata: 201', 'SIGKILL'),
    });
    expectEnded(killed, 'SIGKILL');
    const [half = '', ...more] = (await world.leftBehind()).secrets ?? [];
    expect([half === '', more]).toEqual([false, []]);
    // The signal may come when the bytes are there: then it is whole, and told with the way on.
    const isWhole = await world.secretBytes(half).then(
      (bytes) => bytes.equals(payload),
      () => false,
    );
    const restored = expectExit(await bringBack(world, keeper, 'restore-secret', saved), 0);
    const back = String(restored.json['secret-id']);
    expect((await world.secretBytes(back)).equals(payload)).toBe(true);
    expect(restored.stderr).toMatch(new RegExp(`\\(${half}, .*${isWhole ? 'it is kept' : 'was removed'}`));
    expect(await world.leftBehind()).toEqual({ secrets: (isWhole ? [half, back] : [back]).sort() });
  },
};

export const interruptedBytesScenarios: readonly Scenario[] = [
  killedSaving,
  killedUpload('SIGKILL'),
  killedUpload('SIGTERM'),
  killedServer,
  killedSecret,
];
