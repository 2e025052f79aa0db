import { afterAll, describe, expect, test } from '@jest/globals';
import { backupImage } from '../../src/commands/backup-image.ts';
import { backupServer } from '../../src/commands/backup-server.ts';
import { backupVolume } from '../../src/commands/backup-volume.ts';
import { exportSecret } from '../../src/commands/export-secret.ts';
import { restoreImage } from '../../src/commands/restore-image.ts';
import { restoreSecret } from '../../src/commands/restore-secret.ts';
import { restoreServer } from '../../src/commands/restore-server.ts';
import { restoreVolume } from '../../src/commands/restore-volume.ts';
import type { FaultDeed, FaultWhen, Server } from '../fakes/cloud/index.ts';
import type { EmbeddedWorld } from '../scenarios/embedded.ts';
import { makeKeeper } from '../scenarios/sealed.ts';
import type { Told } from '../support/in-process.ts';
import { standing, temporaries } from '../support/standing.ts';
import { digestOf, type Prepared, prepared } from '../support/struck-servers.ts';

/** When all data is back and a step behind it fails, the data stays: under its name, told, and no later run removes it. */

const worlds: EmbeddedWorld[] = [];
afterAll(async () => {
  for (const world of worlds) await world.close();
}, 60_000);

const keeper = await makeKeeper();
const store = 'directory:openstack-backups/payloads';
const sealed = { store, recipients: keeper.recipient };
const opened = { store, identity: keeper.environment.IDENTITY, 'allow-unsigned': 'true' };
const ALWAYS = Number.POSITIVE_INFINITY;

/** Of a request's body. */
const has = (text: string) => (body: unknown) => (JSON.stringify(body) ?? '').includes(text);

interface Kept {
  readonly kind: string;
  readonly id: string;
  readonly name: string;
}

const keptOf = ({ outputs }: Told): Kept[] => JSON.parse(outputs['kept'] ?? '[]');

async function world(): Promise<Prepared> {
  const all = await prepared();
  worlds.push(all.world);
  for (const [at, { volumeId }] of all.fromVolume.volumes.entries()) {
    const volume = all.world.cloud.state.volumes.get(volumeId);
    if (volume !== undefined) volume.name = `disk ${at}`;
  }
  return all;
}

/** Digest by the name of the volume. */
function disksOf({ world: { cloud } }: Prepared, { volumes }: Server): Map<string, string> {
  return new Map(
    volumes.map(({ volumeId }) => {
      const volume = cloud.state.volumes.get(volumeId);
      return [volume?.name ?? '', digestOf(volume?.data)];
    }),
  );
}

interface Late {
  readonly why: string;
  readonly when: FaultWhen;
  readonly deed: FaultDeed;
  readonly said: RegExp;
}

const AT_BOOT: readonly Late[] = [
  {
    why: 'no host is found',
    when: { method: 'POST', path: /\/servers$/, times: ALWAYS },
    deed: { failLater: 'No valid host was found.' },
    said: /No valid host was found/,
  },
  {
    why: 'the quota is used up meanwhile',
    when: { method: 'POST', path: /\/servers$/, times: ALWAYS },
    deed: { status: 403 },
    said: /HTTP 403/,
  },
  {
    why: 'its port is taken meanwhile',
    when: { method: 'POST', path: /\/servers$/, times: ALWAYS },
    deed: { status: 409 },
    said: /HTTP 409/,
  },
  {
    why: 'its key pair cannot be made',
    when: { method: 'POST', path: /\/os-keypairs$/, times: ALWAYS },
    deed: { status: 403 },
    said: /key pair/,
  },
];

const PAIR_KEPT =
  /^warning: key pair "deploy" .* may be the user's own: it is kept\. .* openstack keypair delete deploy$/;

describe('a server whose disks are back', () => {
  test.each(AT_BOOT)(
    'keeps them when $why',
    async ({ when, deed, said }) => {
      const all = await world();
      const { world: it, run, fromVolume } = all;
      const { cloud } = it;
      await it.makeKeyPair('deploy');
      fromVolume.keyName = 'deploy';
      // It goes with its server, and must not go with one that could not be built.
      for (const disk of fromVolume.volumes) disk.deleteOnTermination = true;
      const saved = await run(backupServer, { servers: fromVolume.id });
      cloud.state.keypairs.splice(0);
      const digests = disksOf(all, fromVolume);
      const manifest = saved.outputs['manifest'] ?? '';
      const before = [...cloud.state.servers.keys()];
      const fault = cloud.faults.add({ when, do: deed });
      const struck = await run(restoreServer, { manifest, 'allow-unsigned': 'true' });
      expect(fault.hits).toBeGreaterThan(0);
      cloud.faults.clear();
      await cloud.ticks.settle();
      expect(struck.code).toBe(1);
      expect(struck.log).toMatch(said);
      expect([...cloud.state.servers.keys()]).toEqual(before);

      const kept = keptOf(struck);
      expect(kept.map(({ kind, name }) => [kind, name])).toEqual(
        [...digests.keys()].map((name) => ['volume', name]),
      );
      const expectKept = () => {
        for (const { id, name } of kept) {
          const volume = cloud.state.volumes.get(id);
          expect(volume).toMatchObject({ name, status: 'available', description: '' });
          expect(digestOf(volume?.data)).toBe(digests.get(name));
          expect(struck.log).toContain(`volume "${name}" (${id}) has all its data and is kept`);
        }
        expect([...cloud.state.reservations.values()]).toEqual([]);
      };
      expectKept();
      const lines = /these lines in `map`[^:]*: (.*?)\. Without/.exec(struck.log)?.[1]?.split(', ') ?? [];
      expect(lines).toHaveLength(kept.length);

      // The next one takes them as they are, as it was told to.
      const volumes = cloud.state.volumes.size;
      const next = await run(restoreServer, { manifest, 'allow-unsigned': 'true', map: lines.join('\n') });
      expect([next.code, next.error]).toEqual([0, '']);
      const made = cloud.state.servers.get(next.outputs['server-id'] ?? '');
      expect(made?.volumes.map(({ volumeId }) => volumeId)).toEqual(kept.map(({ id }) => id));
      expect(made?.volumes.map(({ deleteOnTermination }) => deleteOnTermination)).toEqual([true, true]);
      expect(cloud.state.volumes.size).toBe(volumes);
      expect(new Map([...disksOf(all, made as Server)])).toEqual(digests);
    },
    60_000,
  );

  test.each([
    ['goes again', undefined, 0, /^$/],
    ['stays where it may be the user’s own: its request had no answer', 'lost-response', 1, PAIR_KEPT],
  ] as const)(
    'and whose server cannot be made: its key pair %s',
    async (_, deed, left, said) => {
      const all = await world();
      const { world: it, run, fromVolume } = all;
      const { cloud } = it;
      await it.makeKeyPair('deploy');
      fromVolume.keyName = 'deploy';
      const saved = await run(backupServer, { servers: fromVolume.id });
      cloud.state.keypairs.splice(0);
      const [noHost] = AT_BOOT;
      cloud.faults.add({ when: noHost?.when ?? {}, do: noHost?.deed ?? { status: 500 } });
      if (deed !== undefined)
        cloud.faults.add({ when: { method: 'POST', path: /\/os-keypairs$/ }, do: deed });
      const manifest = saved.outputs['manifest'] ?? '';
      const struck = await run(restoreServer, { manifest, 'allow-unsigned': 'true' });
      cloud.faults.clear();
      expect(struck.code).toBe(1);
      expect(cloud.state.keypairs).toHaveLength(left);
      const lines = struck.log.split('\n').filter((line) => line.includes('key pair "deploy"'));
      expect(lines.join('\n')).toMatch(said);
    },
    60_000,
  );

  test('keeps the image of its own disk too, and boots from it the next time', async () => {
    const all = await world();
    const { run, fromImage } = all;
    const { cloud } = all.world;
    const saved = await run(backupServer, { servers: fromImage.id, ...sealed });
    const manifest = saved.outputs['manifest'] ?? '';
    cloud.faults.add({ when: AT_BOOT[0]?.when ?? {}, do: { failLater: 'No valid host was found.' } });
    const struck = await run(restoreServer, { manifest, ...opened });
    cloud.faults.clear();
    expect(struck.code).toBe(1);
    const kept = keptOf(struck);
    expect(kept.map(({ kind }) => kind)).toEqual(['image', 'volume']);
    const [image] = kept;
    expect(digestOf(cloud.state.images.get(image?.id ?? '')?.data)).toBe(digestOf(fromImage.root));
    const lines = /these lines in `map`[^:]*: (.*?)\. Without/.exec(struck.log)?.[1]?.split(', ') ?? [];
    const images = cloud.state.images.size;
    const next = await run(restoreServer, { manifest, ...opened, map: lines.join('\n') });
    expect([next.code, next.error]).toEqual([0, '']);
    const made = cloud.state.servers.get(next.outputs['server-id'] ?? '');
    expect(made?.imageId).toBe(image?.id);
    expect(digestOf(made?.root)).toBe(digestOf(fromImage.root));
    expect(cloud.state.images.size).toBe(images);
  }, 60_000);

  test('keeps those that are back when another cannot be', async () => {
    const all = await world();
    const { run, fromVolume } = all;
    const { cloud } = all.world;
    const saved = await run(backupServer, { servers: fromVolume.id });
    const digests = disksOf(all, fromVolume);
    const before = new Set(cloud.state.volumes.keys());
    cloud.faults.add({ when: { method: 'POST', path: /\/volumes$/ }, do: { failLater: 'no luck' } });
    const struck = await run(restoreServer, {
      manifest: saved.outputs['manifest'] ?? '',
      'allow-unsigned': 'true',
    });
    cloud.faults.clear();
    await cloud.ticks.settle();
    expect(struck.code).toBe(1);
    const made = [...cloud.state.volumes.values()].filter(({ id }) => !before.has(id));
    const kept = keptOf(struck);
    expect(made.map(({ id }) => id)).toEqual(kept.map(({ id }) => id));
    expect(made.map(({ name, data }) => digestOf(data) === digests.get(name ?? ''))).toEqual([true]);
  }, 60_000);

  const late: [why: string, when: FaultWhen][] = [
    ['its metadata', { method: 'PUT', path: /\/servers\/[0-9a-f-]+\/metadata$/, times: ALWAYS }],
    ['its disks', { method: 'GET', path: /\/os-volume_attachments$/, times: ALWAYS }],
    ['what goes with it', { method: 'PUT', path: /\/os-volume_attachments\//, times: ALWAYS }],
  ];
  test.each(late)(
    'runs and stays when %s cannot be set or seen',
    async (_, when) => {
      const all = await world();
      const { run, fromVolume } = all;
      const { cloud } = all.world;
      for (const disk of fromVolume.volumes) disk.deleteOnTermination = true;
      const saved = await run(backupServer, { servers: fromVolume.id });
      const digests = disksOf(all, fromVolume);
      const fault = cloud.faults.add({ when, do: { status: 503 } });
      const struck = await run(restoreServer, {
        manifest: saved.outputs['manifest'] ?? '',
        'allow-unsigned': 'true',
      });
      cloud.faults.clear();
      expect(fault.hits).toBeGreaterThan(0);
      expect(struck.code).toBe(1);
      const made = cloud.state.servers.get(struck.outputs['server-id'] ?? '');
      expect(made).toMatchObject({ name: 'from-volume', status: 'ACTIVE' });
      expect(disksOf(all, made as Server)).toEqual(digests);
      expect(keptOf(struck).map(({ kind }) => kind)).toEqual(['server', 'volume', 'volume']);
      expect(struck.log).toMatch(
        /server "from-volume" \([0-9a-f-]+\) has all its data and is kept, but this failed: .*HTTP 503/,
      );
    },
    60_000,
  );
});

describe('a volume that has its data', () => {
  const steps: [what: string, when: FaultWhen, said: RegExp][] = [
    [
      'its metadata',
      { method: 'PUT', path: '/metadata', times: ALWAYS },
      /its metadata: cannot set the metadata/,
    ],
    [
      'its name',
      { method: 'PUT', path: /\/volumes\/[0-9a-f-]{36}$/, times: ALWAYS },
      /its name "db" and its description/,
    ],
    [
      'its bootable flag',
      { method: 'POST', path: /\/volumes\/[0-9a-f-]{36}\/action$/, body: has('set_bootable'), times: ALWAYS },
      /its bootable flag \(true\)/,
    ],
  ];
  test.each(steps)(
    'stays when %s cannot be set',
    async (what, when, said) => {
      const { world: it, run } = await world();
      const { cloud } = it;
      const id = await it.makeVolume({ name: 'db', metadata: { a: 'b' }, bootable: true });
      const source = cloud.state.volumes.get(id);
      const saved = await run(backupVolume, { volumes: id });
      const manifest = saved.outputs['manifest'] ?? '';
      const fault = cloud.faults.add({ when, do: { status: 503 } });
      const struck = await run(restoreVolume, { manifest, 'allow-unsigned': 'true' });
      cloud.faults.clear();
      expect(fault.hits).toBeGreaterThan(0);
      expect(struck.code).toBe(1);
      const made = cloud.state.volumes.get(struck.outputs['volume-id'] ?? '');
      const name = what === 'its name' ? 'db (restore not finished)' : 'db';
      expect(made).toMatchObject({ name, status: 'available' });
      expect(digestOf(made?.data)).toBe(digestOf(source?.data));
      expect(struck.log).toMatch(said);
      expect(struck.log).toContain(`volume "${name}" (${made?.id}) has all its data and is kept`);
      expect(struck.summary).toContain('Failed:');
      expect(keptOf(struck)).toEqual([{ kind: 'volume', id: made?.id, name }]);

      // Two later runs: what they find they tell, and leave.
      for (const again of ['once', 'twice']) {
        const later = await run(restoreVolume, { manifest, 'allow-unsigned': 'true', name: again });
        expect([later.code, later.error]).toEqual([0, '']);
        await cloud.ticks.settle();
        expect(digestOf(cloud.state.volumes.get(made?.id ?? '')?.data)).toBe(digestOf(source?.data));
      }
    },
    60_000,
  );

  test('stays when the cloud does not answer while it is made, and has it in the end', async () => {
    const { world: it, run } = await world();
    const { cloud } = it;
    const id = await it.makeVolume({ name: 'db' });
    const saved = await run(backupVolume, { volumes: id });
    // Longer than the waiter's patience.
    cloud.faults.add({
      when: { method: 'GET', path: /\/volumes\/[0-9a-f-]{36}$/, times: ALWAYS },
      do: { status: 503 },
    });
    const told = await run(restoreVolume, {
      manifest: saved.outputs['manifest'] ?? '',
      'allow-unsigned': 'true',
    });
    cloud.faults.clear();
    const made = cloud.state.volumes.get(told.outputs['volume-id'] ?? '');
    expect([told.code, made?.name, made?.status]).toEqual([0, 'db', 'available']);
    expect(digestOf(made?.data)).toBe(digestOf(cloud.state.volumes.get(id)?.data));
  }, 60_000);

  test('of a payload stays when its key cannot be read, and nobody is told to attach it', async () => {
    const all = await world();
    const { run, fromImage } = all;
    const { cloud } = all.world;
    const id = fromImage.volumes[0]?.volumeId ?? '';
    const saved = await run(backupVolume, { volumes: id, ...sealed });
    cloud.faults.add({
      when: { method: 'GET', path: /\/volumes\/[0-9a-f-]{36}\/encryption$/, times: ALWAYS },
      do: { status: 503 },
    });
    const struck = await run(restoreVolume, { manifest: saved.outputs['manifest'] ?? '', ...opened });
    cloud.faults.clear();
    expect(struck.code).toBe(1);
    const made = cloud.state.volumes.get(struck.outputs['volume-id'] ?? '');
    expect(made).toMatchObject({ name: 'luks', status: 'available' });
    expect(digestOf(made?.data)).toBe(digestOf(cloud.state.volumes.get(id)?.data));
    expect(struck.log).toContain('Do not attach it to a server');
  }, 60_000);
});

test('an image that has its data stays when it cannot be settled', async () => {
  const { world: it, run } = await world();
  const { cloud } = it;
  const [source] = [...cloud.state.images.values()].filter(({ name }) => name === 'base');
  const saved = await run(backupImage, { images: source?.id ?? '', ...sealed });
  cloud.faults.add({ when: { method: 'PATCH', path: /\/images\//, times: ALWAYS }, do: { status: 503 } });
  const struck = await run(restoreImage, { manifest: saved.outputs['manifest'] ?? '', ...opened });
  cloud.faults.clear();
  expect(struck.code).toBe(1);
  const made = cloud.state.images.get(struck.outputs['image-id'] ?? '');
  expect(made).toMatchObject({ name: 'base (restore not finished)', status: 'active' });
  expect(digestOf(made?.data)).toBe(digestOf(source?.data));
  expect(struck.log).toContain(`image "${made?.name}" (${made?.id}) has all its data and is kept`);
  for (const _again of ['once', 'twice']) {
    const later = await run(restoreImage, { manifest: saved.outputs['manifest'] ?? '', ...opened });
    expect([later.code, later.error]).toEqual([0, '']);
    expect(digestOf(cloud.state.images.get(made?.id ?? '')?.data)).toBe(digestOf(source?.data));
  }
}, 60_000);

test('an image whose tags are refused is no temporary any more all the same', async () => {
  const { world: it, run } = await world();
  const { cloud } = it;
  const [source] = [...cloud.state.images.values()].filter(({ name }) => name === 'base');
  source?.tags.push('t');
  const saved = await run(backupImage, { images: source?.id ?? '', ...sealed });
  cloud.faults.add({
    when: { method: 'PATCH', path: /\/images\//, body: has('"/tags"'), times: ALWAYS },
    do: { status: 409 },
  });
  const struck = await run(restoreImage, { manifest: saved.outputs['manifest'] ?? '', ...opened });
  cloud.faults.clear();
  expect(struck.code).toBe(1);
  const made = cloud.state.images.get(struck.outputs['image-id'] ?? '');
  expect(made?.properties).toEqual(source?.properties);
  expect(struck.log).toMatch(/its tags, whether it is hidden, and its protection: .*HTTP 409/);
}, 60_000);

test('a secret that has its bytes stays when its metadata cannot be set', async () => {
  const { world: it, run } = await world();
  const { cloud } = it;
  const key = cloud.seed.addSecret(Buffer.alloc(32, 7), { name: 'k', metadata: { purpose: 'db' } });
  const saved = await run(exportSecret, { secrets: key.id, ...sealed });
  // The first writes the record, the second what it had.
  cloud.faults.add({
    when: { method: 'PUT', path: /\/metadata$/, body: has('purpose'), times: ALWAYS },
    do: { status: 503 },
  });
  const struck = await run(restoreSecret, { manifest: saved.outputs['manifest'] ?? '', ...opened });
  cloud.faults.clear();
  expect(struck.code).toBe(1);
  const made = cloud.state.secrets.get(struck.outputs['secret-id'] ?? '');
  expect(made?.payload?.equals(key.payload ?? Buffer.of())).toBe(true);
  expect(struck.log).toContain(`secret "k" (${made?.id}) has all its data and is kept`);
}, 60_000);

test('a server that Nova refuses leaves no volume reserved: its disks are free, and stay', async () => {
  const { world: it, run, fromVolume } = await world();
  const { cloud } = it;
  const saved = await run(backupServer, { servers: fromVolume.id });
  const before = standing(cloud);
  const made = () => [...cloud.state.volumes.values()].filter(({ id }) => !before.has(id));
  const meddle = () => {
    const data = made().find(({ bootable }) => !bootable);
    if (data !== undefined) data.status = 'maintenance';
    return false;
  };
  cloud.faults.add({ when: { method: 'POST', path: /\/servers$/, body: meddle }, do: { status: 500 } });
  const refused = await run(restoreServer, {
    manifest: saved.outputs['manifest'] ?? '',
    'allow-unsigned': 'true',
  });
  expect(refused.code).toBe(1);
  expect(refused.log).toContain('status must be available');
  cloud.faults.clear();
  await cloud.ticks.settle();
  expect(made().map(({ status }) => status)).toEqual(['available', 'maintenance']);
  expect([...cloud.state.reservations.values()]).toEqual([]);
  expect(temporaries(cloud)).toEqual([]);
});
