import { describe, expect, test } from '@jest/globals';
import { removeOrphans } from '../../../../src/backup/volume/orphans.ts';
import { createBackup } from '../../../../src/openstack/blockstorage/v3/backups.ts';
import { getVolume } from '../../../../src/openstack/blockstorage/v3/volumes.ts';
import { KEY_ID } from '../../../../src/openstack/image/v2/properties.ts';
import { silentLog } from '../../../../src/ports/log.ts';
import { type EmbeddedCloudOptions, SparseBytes } from '../../../fakes/cloud/index.ts';
import { openEmbedded, type SessionWish } from '../../../support/embedded.ts';
import { fastClock } from '../../../support/in-process.ts';

/** A volume in use, whose upload Cinder has just refused, after it cloned the key. */
async function refusedUpload(options: EmbeddedCloudOptions = {}, wish: SessionWish = {}) {
  const opened = await openEmbedded(options, wish);
  const { cloud, session } = opened;
  const { id } = cloud.seed.addVolume({ type: 'luks', status: 'in-use' });
  const cinder = await session.service('block-storage');
  const before = new Set(cloud.state.secrets.keys());
  const upload = async () => {
    const refused = cinder.call({
      doing: 'upload a volume',
      method: 'POST',
      path: `/volumes/${id}/action`,
      json: { 'os-volume_upload_image': { image_name: 'x' } },
      ok: [202],
      decode: () => undefined,
    });
    await expect(refused).rejects.toMatchObject({ status: 400 });
  };
  await upload();
  const said: string[] = [];
  const log = {
    ...silentLog,
    info: (text: string) => said.push(text),
    warn: (text: string) => said.push(text),
  };
  return {
    ...opened,
    id,
    upload,
    said,
    /** Ids of secrets that came since. */
    orphans: () => [...cloud.state.secrets.keys()].filter((secret) => !before.has(secret)),
    clean: async (since: number) => removeOrphans(session, await getVolume(cinder, id), since, log),
  };
}

describe('what a refused upload leaves', () => {
  test('is removed, and told', async () => {
    await using cloud = await refusedUpload();
    const [orphan] = cloud.orphans();
    expect(orphan).toBeDefined();
    await cloud.clean(Date.now() - 3_600_000);
    expect(cloud.orphans()).toEqual([]);
    expect(cloud.said).toEqual([
      expect.stringContaining(`secret ${orphan}, a clone of the key of volume ${cloud.id}`),
    ]);
  });

  test.each(['older', 'named', 'other bytes', 'another creator'])(
    'stays when it is not surely that: %s',
    async (why) => {
      await using cloud = await refusedUpload();
      const orphan = cloud.cloud.state.secrets.get(cloud.orphans()[0] ?? '');
      if (orphan === undefined) throw new Error('no orphan');
      if (why === 'named') orphan.name = 'mine';
      if (why === 'other bytes') orphan.payload = Buffer.alloc(32, 1);
      if (why === 'another creator') orphan.creatorId = 'someone';
      await cloud.clean(Date.now() + (why === 'older' ? 3_600_000 : -3_600_000));
      expect(cloud.orphans()).toContain(orphan.id);
    },
  );

  test.each<[string, (cloud: Awaited<ReturnType<typeof refusedUpload>>, key: string) => Promise<unknown>]>([
    [
      'a volume',
      async ({ cloud }, key) =>
        Object.assign(cloud.seed.addVolume({ type: 'luks' }), { encryptionKeyId: key }),
    ],
    [
      'an image',
      async ({ cloud }, key) =>
        cloud.seed.addImage(SparseBytes.from(Buffer.alloc(1)), { properties: { [KEY_ID]: key } }),
    ],
    [
      'a backup',
      async ({ cloud, session }, key) => {
        const wanted = { name: '', description: '', incremental: false, force: false, metadata: {} };
        const client = await session.service('block-storage');
        const id = await createBackup(client, { ...wanted, volumeId: cloud.seed.addVolume().id } as never);
        Object.assign(cloud.state.backups.get(id) ?? {}, { encryptionKeyId: key });
      },
    ],
  ])('stays when it is the key of %s', async (_, use) => {
    await using cloud = await refusedUpload();
    const [orphan = ''] = cloud.orphans();
    await use(cloud, orphan);
    await cloud.clean(Date.now() - 3_600_000);
    expect(cloud.orphans()).toContain(orphan);
    expect(cloud.said).toEqual([]);
  });

  test('stays when a volume that is being made names it a moment later', async () => {
    const { now } = fastClock();
    let meanwhile = () => {};
    await using cloud = await refusedUpload({}, { clock: { now, sleep: async () => meanwhile() } });
    const [orphan = ''] = cloud.orphans();
    meanwhile = () => {
      cloud.cloud.seed.addVolume({ type: 'luks' }).encryptionKeyId = orphan;
    };
    await cloud.clean(Date.now() - 3_600_000);
    expect(cloud.orphans()).toContain(orphan);
    expect(cloud.said).toEqual([]);
  });

  test('is only told where Cinder does not say which keys it uses', async () => {
    await using cloud = await refusedUpload({ cinderMax: '3.63' });
    const [orphan] = cloud.orphans();
    await cloud.clean(Date.now() - 3_600_000);
    expect(cloud.orphans()).toEqual([orphan]);
    // The volume's own key is as young, and must not be told.
    expect(cloud.said).toEqual([
      expect.stringMatching(
        `the failed upload may have left clones of the key of volume .* are in use: ${orphan}$`,
      ),
    ]);
  });
});
