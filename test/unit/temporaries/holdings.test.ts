import { describe, expect, test } from '@jest/globals';
import type { Call } from '../../../src/openstack/connection.ts';
import { silentLog } from '../../../src/ports/log.ts';
import { holdingsOf } from '../../../src/temporaries/holdings.ts';
import { SparseBytes } from '../../fakes/cloud/index.ts';
import { openEmbedded } from '../../support/embedded.ts';

describe('what the user has', () => {
  test.each([
    [403, 'debug', 'nothing to clean up there'],
    [503, 'warn', 'what interrupted runs left there waits for a later run'],
  ] as const)(
    'a list of volumes that is answered with %i: the others are listed, and it is told',
    async (status, level, said) => {
      const told: string[] = [];
      const log = { ...silentLog, [level]: (text: string) => told.push(text) };
      await using opened = await openEmbedded({}, { log });
      const { cloud, session } = opened;
      const secret = cloud.seed.addSecret(Buffer.alloc(32));
      cloud.faults.add({ when: { path: '/volumes/detail', times: 100 }, do: { status } });
      const found = await holdingsOf(session);
      expect([found.volumes, found.secrets.map(({ id }) => id)]).toEqual([[], [secret.id]]);
      expect(told).toContainEqual(expect.stringMatching(new RegExp(`HTTP ${status}.*: ${said}$`, 's')));
      await expect(holdingsOf(session, ['volumes'])).rejects.toMatchObject({ status });
    },
  );

  test('are no images of others, also where the service leaves the owner out of the query', async () => {
    await using opened = await openEmbedded();
    const { cloud, session } = opened;
    const own = await cloud.seed.addImage(SparseBytes.from(Buffer.alloc(10)));
    const others = await cloud.seed.addImage(SparseBytes.from(Buffer.alloc(10)), { visibility: 'public' });
    others.ownerId = 'someone';
    const glance = await session.service('image');
    const all = (call: Call<unknown>) => glance.call({ ...call, query: { ...call.query, owner: undefined } });
    const forgetful = { ...glance, call: all, session };
    const asking = new Proxy(session, {
      get: (from, key) => (key === 'service' ? async () => forgetful : Reflect.get(from, key, from)),
    });
    const found = await holdingsOf(asking, ['images'], ['images']);
    expect(opened.asked('/image/v2/images').length).toBeGreaterThan(0);
    expect(found.images.map(({ id }) => id)).toEqual([own.id]);
  });
});
