import { randomBytes } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, jest, test } from '@jest/globals';
import { type Tags, writeTags } from '../../../../src/chain/tags.ts';
import { createBackup } from '../../../../src/openstack/blockstorage/v3/backups.ts';
import { createSnapshot } from '../../../../src/openstack/blockstorage/v3/snapshots.ts';
import { getVolume, watchVolumes } from '../../../../src/openstack/blockstorage/v3/volumes.ts';
import { payloadStore } from '../../../../src/payload/store.ts';
import { makeVolume, undoVolume } from '../../../../src/restore/volume/create.ts';
import { knownEncryption, probedEncryption } from '../../../../src/restore/volume/encryption-fit.ts';
import { checkEncryption, finishVolume } from '../../../../src/restore/volume/finish.ts';
import { restoreToNew } from '../../../../src/restore/volume/from-backup.ts';
import { imageSource } from '../../../../src/restore/volume/image-source.ts';
import type { FromBackupWishes } from '../../../../src/restore/volume/overwrite.ts';
import { planFromBackup } from '../../../../src/restore/volume/plan-from-backup.ts';
import { fromBackup } from '../../../../src/restore/volume/source.ts';
import type { Place } from '../../../../src/store/place.ts';
import { readTemporary } from '../../../../src/temporaries/tags.ts';
import type { EmbeddedCloudOptions, FaultWhen, Volume } from '../../../fakes/cloud/index.ts';
import { openEmbedded } from '../../../support/embedded.ts';
import { encryptedWith, manifestWith, volumeImagePoint } from '../../../support/points.ts';
import { tags } from '../../../support/records.ts';
import { waitFor } from '../../../support/wait.ts';

// Each works with a cloud of its own, on a machine that may be busy.
jest.setTimeout(60_000);

async function open(options: EmbeddedCloudOptions = {}) {
  const opened = await openEmbedded({ tickMs: 2, ...options });
  const { cloud, session, environment } = opened;
  const client = await session.service('block-storage');
  const run = environment.ledger;
  const watcher = watchVolumes(client);
  const writes = () => cloud.requests.filter(({ method }) => method !== 'GET').length;
  const typeOf = (name: string) => {
    const found = [...cloud.state.types.values()].find((type) => type.name === name);
    if (found === undefined) throw new Error(`there is no type ${name}`);
    return { id: found.id, name, public: true };
  };
  /** A backup without a manifest, as any client makes it; one with tags of ours is taken for ours. */
  const backedUp = async ({ id }: Volume, ours?: Tags) => {
    const wanted = {
      volumeId: id,
      name: 'b',
      description: '',
      incremental: ours !== undefined && ours.position > 0,
      force: false,
      metadata: ours === undefined ? {} : writeTags(ours),
    };
    const backupId = await createBackup(client, wanted as never);
    await waitFor('the backup', async () => cloud.state.backups.get(backupId)?.status === 'available');
    return fromBackup(client, backupId);
  };
  /** Of a new volume that is made empty first: nobody knows yet how its type is encrypted. */
  const unprovedPlan = async (type: string) =>
    ({
      kind: 'new',
      source: await backedUp(cloud.seed.addVolume()),
      name: 'n',
      type: typeOf(type),
      typeIsProven: false,
      availabilityZone: undefined,
      quota: [],
    }) as const;
  return { ...opened, client, run, environment, watcher, writes, typeOf, backedUp, unprovedPlan };
}

const wishes = {
  to: undefined,
  overwrite: false,
  name: undefined,
  type: undefined,
  availabilityZone: undefined,
};
const over = (to: string, overwrite = true) => ({ ...wishes, to, overwrite });

describe('overwriting', () => {
  test('an encrypted volume that has snapshots is refused before anything is touched: their key would go', async () => {
    await using cloud = await open();
    const volume = cloud.cloud.seed.addVolume({ name: 'v', type: 'luks', bytes: randomBytes(1000) });
    const source = await cloud.backedUp(volume);
    expect(await planFromBackup(cloud.client, source, over(volume.id))).toMatchObject({ kind: 'overwrite' });
    const snapshot = await createSnapshot(cloud.client, {
      volumeId: volume.id,
      description: '',
      force: false,
    } as never);
    const before = cloud.writes();
    await expect(planFromBackup(cloud.client, source, over(volume.id))).rejects.toMatchObject({
      message: expect.stringMatching(/has a snapshot, which a restore over it would make unreadable/),
      hint: expect.stringContaining(snapshot.id),
      exitCode: 2,
    });
    expect(cloud.writes()).toBe(before);
  });

  test('a plain volume that has snapshots is not', async () => {
    await using cloud = await open();
    const volume = cloud.cloud.seed.addVolume({ name: 'v', bytes: randomBytes(1000) });
    const source = await cloud.backedUp(volume);
    await createSnapshot(cloud.client, { volumeId: volume.id, description: '', force: false } as never);
    expect(await planFromBackup(cloud.client, source, over('v'))).toMatchObject({
      kind: 'overwrite',
      name: 'v',
    });
  });

  test('from a chain of which a link is not whole is refused before anything is touched; a new volume is made', async () => {
    await using cloud = await open();
    const volume = cloud.cloud.seed.addVolume({ name: 'v', bytes: randomBytes(1000) });
    const first = tags();
    const full = await cloud.backedUp(volume, first);
    const { chain } = first;
    const last = await cloud.backedUp(volume, tags({ chain, position: 1, parent: full.backupId }));
    const link = cloud.cloud.state.backups.get(full.backupId);
    const plan = (wish: FromBackupWishes) => planFromBackup(cloud.client, last, wish);
    const before = cloud.writes();
    for (const status of ['error', 'deleting', 'error_deleting']) {
      expect(await plan(over(volume.id))).toMatchObject({ kind: 'overwrite' });
      if (link !== undefined) link.status = status;
      await expect(plan(over(volume.id))).rejects.toThrow(
        `backup ${full.backupId}, which others of that volume need, is ${status}`,
      );
      expect(await plan(wishes)).toMatchObject({ kind: 'new' });
      if (link !== undefined) link.status = 'available';
    }
    expect(cloud.writes()).toBe(before);
  });

  test('needs to be told, by name, and takes no wish for a new volume', async () => {
    await using cloud = await open();
    const volume = cloud.cloud.seed.addVolume({ name: 'v' });
    const source = await cloud.backedUp(volume);
    const plan = (more: Partial<typeof wishes> | object) =>
      planFromBackup(cloud.client, source, { ...wishes, ...more });
    await expect(plan(over(volume.id, false))).rejects.toThrow(
      /would be overwritten, and everything on it lost/,
    );
    await expect(plan({ overwrite: true })).rejects.toThrow(/`overwrite` needs `to`/);
    await expect(plan({ ...over(volume.id), type: 'standard' })).rejects.toThrow(/are for a new volume/);
  });
});

describe('the plan of a restore', () => {
  test('keeps a volume without a name without one, and makes it in one request of its own type', async () => {
    await using cloud = await open();
    const source = await cloud.backedUp(cloud.cloud.seed.addVolume({ name: '', type: 'luks' }));
    const plan = await planFromBackup(cloud.client, source, wishes);
    expect(plan).toMatchObject({ kind: 'new', name: '', typeIsProven: true, type: { name: 'luks' } });
  });

  test.each([
    ['of another size', { size: 0 }, /but the manifest says 0/],
    ['of another volume', { volumeId: 'x' }, /but the manifest says x/],
  ])('refuses a backup %s than was recorded', async (_, fields, message) => {
    await using cloud = await open();
    const source = { ...(await cloud.backedUp(cloud.cloud.seed.addVolume())), ...fields };
    await expect(planFromBackup(cloud.client, source, wishes)).rejects.toThrow(message);
  });

  test('refuses a backup that is gone, or that cannot be read now', async () => {
    await using cloud = await open();
    const source = await cloud.backedUp(cloud.cloud.seed.addVolume());
    const backup = cloud.cloud.state.backups.get(source.backupId);
    if (backup !== undefined) backup.status = 'restoring';
    await expect(planFromBackup(cloud.client, source, wishes)).rejects.toMatchObject({
      hint: expect.stringMatching(/wait/),
    });
    cloud.cloud.state.backups.delete(source.backupId);
    await expect(planFromBackup(cloud.client, source, wishes)).rejects.toThrow(/is gone from the cloud/);
  });

  test('refuses a type that is known to encrypt what is not encrypted', async () => {
    await using cloud = await open();
    cloud.cloud.seed.addVolume({ type: 'luks' });
    const source = await cloud.backedUp(cloud.cloud.seed.addVolume());
    await expect(planFromBackup(cloud.client, source, { ...wishes, type: 'luks' })).rejects.toThrow(
      /luks is encrypted, but the backup is not/,
    );
  });
});

describe('how a type encrypts', () => {
  test('is seen at a volume of it, and else at one that is made and removed', async () => {
    await using cloud = await open();
    const luks = cloud.typeOf('luks');
    expect(await knownEncryption(cloud.client, luks)).toBeUndefined();
    expect(await probedEncryption(cloud.environment, luks, undefined, cloud.watcher)).toEqual({
      encrypted: true,
      provider: 'luks',
    });
    await waitFor('the probe to go', async () => cloud.cloud.state.volumes.size === 0);
    cloud.cloud.seed.addVolume({ type: 'luks' });
    expect(await knownEncryption(cloud.client, luks)).toEqual({ encrypted: true, provider: 'luks' });
    expect(
      await probedEncryption(cloud.environment, cloud.typeOf('standard'), undefined, cloud.watcher),
    ).toEqual({
      encrypted: false,
    });
  });
});

describe('a volume in the making', () => {
  test('that cannot be removed is told with what later runs do with one that looks whole', async () => {
    await using cloud = await open();
    const lines: string[] = [];
    const warn = jest.spyOn(cloud.session.log, 'warn').mockImplementation((line) => void lines.push(line));
    const record = cloud.run.draft('result', 1);
    const made = await makeVolume(cloud.environment, { size: 1, name: 'n' }, record);
    await waitFor('the volume', async () => cloud.cloud.state.volumes.get(made.id)?.status === 'available');
    cloud.cloud.faults.add({ when: { method: 'DELETE', path: /volumes/ }, do: { status: 409 } });
    await undoVolume(cloud.environment, { tag: record.tag, id: made.id });
    warn.mockRestore();
    expect(lines).toEqual([
      expect.stringMatching(`^volume ${made.id}, .* later runs only report it, .* remove it yourself`),
    ]);
  });

  test('bears a record that names it, is made once where the answer is lost, and goes with what was made', async () => {
    await using cloud = await open();
    const record = cloud.run.draft('result', 1);
    cloud.cloud.faults.add({ when: { method: 'POST', path: /\/volumes$/ }, do: 'lost-response' });
    const made = await makeVolume(cloud.environment, { size: 1, name: 'n' }, record);
    expect([...cloud.cloud.state.volumes.keys()]).toEqual([made.id]);
    expect(readTemporary(await getVolume(cloud.client, made.id))).toMatchObject({
      id: made.id,
      tag: record.tag,
    });
    expect(await undoVolume(cloud.environment, { tag: cloud.run.draft('result', 1).tag })).toBeUndefined();
    expect(cloud.cloud.state.volumes.size).toBe(1);
    expect((await undoVolume(cloud.environment, { tag: record.tag, id: made.id }, () => true))?.id).toBe(
      made.id,
    );
    expect(cloud.cloud.state.volumes.size).toBe(1);
    await waitFor(
      'it to be available',
      async () => (await getVolume(cloud.client, made.id)).status === 'available',
    );
    await undoVolume(cloud.environment, { tag: record.tag });
    await waitFor('it to go', async () => cloud.cloud.state.volumes.size === 0);
  });

  test('is called empty until the restore to it is asked for, where it is made without the data', async () => {
    await using cloud = await open();
    const plan = await cloud.unprovedPlan('standard');
    const path = /\/restore$/;
    const names: (string | null)[] = [];
    const see = () => names.push(...[...cloud.cloud.state.volumes.values()].slice(1).map(({ name }) => name));
    const planted = cloud.cloud.faults.add({ when: { method: 'POST', path }, do: { status: 400 } });
    const running = restoreToNew(cloud.environment, plan, cloud.watcher).catch((error: unknown) => error);
    while (planted.hits === 0) {
      see();
      await setImmediate();
    }
    see();
    expect(await running).toBeInstanceOf(Error);
    expect([...new Set(names)]).toEqual(['n (restore not begun)', 'n (restore not finished)']);
  });

  test('goes where it turns out not to be encrypted as the backup is, before it gets the data', async () => {
    await using cloud = await open();
    const plan = await cloud.unprovedPlan('luks');
    await expect(restoreToNew(cloud.environment, plan, cloud.watcher)).rejects.toThrow(
      /is encrypted, but the backup is not/,
    );
    await waitFor('it to go', async () => cloud.cloud.state.volumes.size === 1);
    expect(cloud.asked('/volume/').filter((line) => line.endsWith('/restore'))).toEqual([]);
  });
});

describe('a volume that has its data', () => {
  const wanted = {
    encrypted: false,
    bootable: true,
    description: 'mine',
    metadata: { k: 'v' },
    imageMetadata: { os_type: 'linux' },
  };
  const state = {
    bootable: false,
    name: 'x (restore not finished)',
    metadata: { src_backup_id: 'b' },
    imageMetadata: { hw_x: '1' },
  };

  test('is finished: metadata, properties, bootable flag, name, and no record', async () => {
    await using cloud = await open();
    const record = cloud.run.draft('result', 1);
    const made = cloud.cloud.seed.addVolume({ ...state, description: cloud.run.unbound(record) } as never);
    const { volume, undone } = await finishVolume(
      cloud.environment,
      await getVolume(cloud.client, made.id),
      wanted,
      'db',
    );
    expect([undone, volume.name, volume.description]).toEqual([[], 'db', 'mine']);
    expect(await getVolume(cloud.client, made.id)).toMatchObject({ name: 'db', ...wanted });
  });

  test('keeps its own metadata where no manifest says which it had, without what was added', async () => {
    await using cloud = await open();
    const metadata = {
      mine: 'v',
      'openstack-backup:run': 'r',
      'openstack-backup:point': 'p',
      src_backup_id: 'b',
    };
    const made = cloud.cloud.seed.addVolume({ ...state, metadata } as never);
    const source = { encrypted: false, bootable: undefined, description: undefined };
    const untold = { ...source, metadata: undefined, imageMetadata: undefined };
    await finishVolume(cloud.environment, await getVolume(cloud.client, made.id), untold, 'db');
    expect((await getVolume(cloud.client, made.id)).metadata).toEqual({ mine: 'v' });
  });

  const steps: [what: RegExp, when: FaultWhen, left: object][] = [
    [/^its metadata: .*HTTP 409/, { method: 'PUT', path: '/metadata' }, { metadata: { src_backup_id: 'b' } }],
    [
      /^its name "db" and its description: .*HTTP 409/,
      { method: 'PUT', path: /\/volumes\/[0-9a-f-]+$/ },
      { name: state.name },
    ],
    [
      /^its bootable flag \(true\): .*HTTP 409/,
      { method: 'POST', path: /\/action$/, body: (sent) => JSON.stringify(sent).includes('os-set_bootable') },
      { bootable: false },
    ],
    [
      /^its image's properties: .*HTTP 409/,
      {
        method: 'POST',
        path: /\/action$/,
        body: (sent) => JSON.stringify(sent).includes('os-set_image_metadata'),
      },
      { imageMetadata: {} },
    ],
    [
      /^removing the image property "hw_x", which the original did not have: .*HTTP 409/,
      {
        method: 'POST',
        path: /\/action$/,
        body: (sent) => JSON.stringify(sent).includes('os-unset_image_metadata'),
      },
      { imageMetadata: { hw_x: '1', os_type: 'linux' } },
    ],
  ];
  test.each(steps)('gets all but what is refused, which is told: %s', async (said, when, left) => {
    await using cloud = await open();
    const made = cloud.cloud.seed.addVolume({
      ...state,
      description: cloud.run.unbound(cloud.run.draft('result', 1)),
    } as never);
    cloud.cloud.faults.add({ when: { ...when, times: 100 }, do: { status: 409 } });
    const { undone } = await finishVolume(
      cloud.environment,
      await getVolume(cloud.client, made.id),
      wanted,
      'db',
    );
    expect(undone).toEqual([expect.stringMatching(said)]);
    const now = await getVolume(cloud.client, made.id);
    const named = 'name' in left ? {} : { name: 'db', description: 'mine' };
    expect(now).toMatchObject({
      ...wanted,
      ...named,
      ...left,
      ...('name' in left ? { description: now.description } : {}),
    });
  });

  test('is asked nothing where it is as it was', async () => {
    await using cloud = await open();
    const made = cloud.cloud.seed.addVolume({ name: 'db', metadata: { k: 'v' } });
    const now = await getVolume(cloud.client, made.id);
    const before = cloud.writes();
    const same = { ...wanted, bootable: false, description: '', imageMetadata: {} };
    expect(await finishVolume(cloud.environment, now, same, 'db')).toEqual({ volume: now, undone: [] });
    expect(cloud.writes()).toBe(before);
  });

  test.each([true, false])('must be encrypted as it was: %s', async (encrypted) => {
    await using cloud = await open();
    const made = cloud.cloud.seed.addVolume({ type: encrypted ? 'luks' : 'standard' });
    const now = await getVolume(cloud.client, made.id);
    expect(() => checkEncryption(now, { ...wanted, encrypted })).not.toThrow();
    expect(() => checkEncryption(now, { ...wanted, encrypted: !encrypted })).toThrow(
      /Do not use it|encrypted/,
    );
  });
});

describe('the image that a volume is made of', () => {
  test('is not looked at where its key did not leave with it: the data opens to nobody', async () => {
    await using cloud = await open();
    const point = volumeImagePoint({ encrypted: true }, encryptedWith(undefined));
    const reader = payloadStore({} as Place, {});
    await expect(imageSource(cloud.session, manifestWith(point), point, reader)).rejects.toMatchObject({
      message: expect.stringMatching(/is encrypted, but its key is not in the manifest/),
      exitCode: 2,
    });
  });

  test.each([
    [undefined, 'store: directory:PATH'],
    ['/mnt/backups', '`store: directory:/mnt/backups`'],
    ['s3://backups/a', '`store: s3://backups/a`'],
  ])('is in a store that has to be named, where it was put in %s', async (place, said) => {
    await using cloud = await open();
    const { payload, ...rest } = volumeImagePoint();
    const point = { ...rest, payload: payload && { ...payload, ...(place && { place }) } };
    await expect(imageSource(cloud.session, manifestWith(point), point, undefined)).rejects.toMatchObject({
      hint: expect.stringContaining(said),
      exitCode: 2,
    });
  });

  test.each([
    ['is gone', undefined, /is gone, or belongs to another project/],
    ['no longer has the data', { hash: 'e'.repeat(128) }, /no longer has the data that was saved/],
  ])('that stayed in the cloud is refused where it %s', async (_, meddle, message) => {
    await using cloud = await open();
    const { SparseBytes } = await import('../../../fakes/cloud/index.ts');
    const image = await cloud.cloud.seed.addImage(new SparseBytes(1 << 20), { name: 'kept' });
    const point = volumeImagePoint({}, null, null);
    const saved = { ...point.image, id: meddle === undefined ? point.image.id : image.id, size: 1 << 20 };
    const kept = { ...point, image: saved };
    await expect(imageSource(cloud.session, manifestWith(kept), kept, undefined)).rejects.toThrow(message);
  });
});
