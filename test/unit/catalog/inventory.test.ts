import { describe, expect, test } from '@jest/globals';
import { inventoryOf } from '../../../src/catalog/inventory.ts';
import { POINT_PROPERTY } from '../../../src/catalog/kept-image.ts';
import { unnamedIn } from '../../../src/catalog/unnamed.ts';
import { writeTags } from '../../../src/chain/tags.ts';
import { TEMPORARY_PROPERTY } from '../../../src/temporaries/tags.ts';
import { SparseBytes } from '../../fakes/cloud/index.ts';
import { openEmbedded } from '../../support/embedded.ts';
import { backupPoint, manifestWith, volumeImagePoint } from '../../support/points.ts';
import { backup, image, tags } from '../../support/records.ts';

describe('what the cloud has', () => {
  test('by one list each, and only of what is asked for', async () => {
    await using opened = await openEmbedded();
    const { cloud, session } = opened;
    const volume = cloud.seed.addVolume();
    const shown = await cloud.seed.addImage(SparseBytes.from(Buffer.alloc(10)));
    const hidden = await cloud.seed.addImage(SparseBytes.from(Buffer.alloc(10)), { hidden: true });
    const found = await inventoryOf(session, ['images', 'volumes']);
    expect(found.images?.map(({ id }) => id).sort()).toEqual([shown.id, hidden.id].sort());
    expect(found.volumes).toEqual(new Set([volume.id]));
    expect([found.backups, found.servers, found.secrets, found.unknown]).toEqual([
      undefined,
      undefined,
      undefined,
      {},
    ]);
    expect(found.cloud.project.id).toBe(session.scope.project.id);
    expect(opened.asked('/volume').filter((line) => /detail/.test(line))).toHaveLength(1);
  });

  test.each([403, 503])(
    'a list that is answered with %i is unknown, and the others are there',
    async (status) => {
      await using opened = await openEmbedded();
      const { cloud, session } = opened;
      cloud.faults.add({ when: { path: '/backups/detail', times: 100 }, do: { status } });
      const { backups, images, unknown, failed } = await inventoryOf(session);
      expect([backups, images, failed]).toEqual([undefined, [], status === 503 ? ['backups'] : []]);
      expect(unknown).toEqual({
        backups: expect.stringContaining(`cannot list the backups: HTTP ${status}`),
      });
    },
  );

  test('a cloud without the service says so', async () => {
    await using opened = await openEmbedded();
    const { session } = opened;
    const { InputError } = await import('../../../src/errors.ts');
    const asking = new Proxy(session, {
      get: (from, key) =>
        key === 'service'
          ? async (service: string) => {
              if (service !== 'image') return from.service(service as never);
              throw new InputError('the cloud has no image service');
            }
          : Reflect.get(from, key, from),
    });
    const { backups, images, unknown } = await inventoryOf(asking);
    expect([backups, images, unknown]).toEqual([[], undefined, { images: 'the cloud has no image service' }]);
  });
});

describe('what only the cloud tells of', () => {
  const seen = (fields: object) => ({ backups: [], images: [], unknown: {}, ...fields }) as never;

  test('backups with our tags that stand in no manifest', () => {
    const named = backupPoint();
    const own = backup({ id: named.backup.id, metadata: writeTags(tags({ point: named.id })) });
    const copy = backup({ metadata: writeTags(tags({ point: named.id })) });
    const lost = backup({ metadata: writeTags(tags()) });
    const found = unnamedIn(seen({ backups: [own, copy, lost, backup()] }), [manifestWith(named)]);
    expect(found.map((one) => one.kind === 'backup' && one.backup.id)).toEqual([lost.id]);
  });

  test('kept images; a temporary of a run is none', () => {
    const named = volumeImagePoint({}, null, null);
    const point = '44444444-4444-4444-8444-444444444444';
    const lost = image({ properties: { [POINT_PROPERTY]: point } });
    const images = [
      image({ id: named.image.id, properties: { [POINT_PROPERTY]: named.id } }),
      image({ properties: { [POINT_PROPERTY]: named.id } }),
      image({ properties: { [POINT_PROPERTY]: point, [TEMPORARY_PROPERTY]: 'a record' } }),
      image(),
      lost,
    ];
    const found = unnamedIn(seen({ images }), [manifestWith(named)]);
    expect(found).toEqual([{ kind: 'image', image: lost, point }]);
  });
});
