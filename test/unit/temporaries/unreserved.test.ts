import { randomUUID } from 'node:crypto';
import { expect, test } from '@jest/globals';
import type { Call, ServiceClient } from '../../../src/openstack/connection.ts';
import { unreserve } from '../../../src/temporaries/unreserved.ts';

const [volume, other] = [randomUUID(), randomUUID()];
const attachment = (volumeId: string, status: string) => ({ id: randomUUID(), volume_id: volumeId, status });

/** Cinder with these attachments, and what is deleted of them. */
function cinderWith(attachments: readonly ReturnType<typeof attachment>[], latest = true) {
  const deleted: string[] = [];
  const call = async ({ method, path, decode }: Call<unknown>) => {
    if (method === 'DELETE') deleted.push(path.split('/').at(-1) ?? '');
    return decode(method === 'GET' ? { attachments } : {});
  };
  return { deleted, client: { call, supports: () => latest } as unknown as ServiceClient };
}

test('only what is reserved, and of that volume, is taken off', async () => {
  const reserved = [attachment(volume, 'reserved'), attachment(volume, 'reserved')];
  const others = ['attached', 'attaching', 'detaching', 'error_attaching'].map((status) =>
    attachment(volume, status),
  );
  const { client, deleted } = cinderWith([...others, ...reserved, attachment(other, 'reserved')]);
  expect(await unreserve(client, volume)).toBe(true);
  expect(deleted).toEqual(reserved.map(({ id }) => id));
});

test.each([
  ['a server has it', cinderWith([attachment(volume, 'attached')])],
  ['another volume is', cinderWith([attachment(other, 'reserved')])],
  ['the cloud cannot tell', cinderWith([attachment(volume, 'reserved')], false)],
])('nothing is taken off where it is not reserved: %s', async (_, { client, deleted }) => {
  expect(await unreserve(client, volume)).toBe(false);
  expect(deleted).toEqual([]);
});
