import { expect, test } from '@jest/globals';
import { VolumeKeys } from '../../../../src/backup/volume/keys.ts';
import { putAcl } from '../../../../src/openstack/keymanager/v1/acls.ts';
import { listSecrets } from '../../../../src/openstack/keymanager/v1/secrets.ts';
import { collect, pool } from '../../../../src/pool.ts';
import { silentLog } from '../../../../src/ports/log.ts';
import { openEmbedded } from '../../../support/embedded.ts';

/** A project with so many keys of Cinder's, and a plan that looks at them all. */
async function project(count: number, user = 'demo') {
  const lines: string[] = [];
  const log = { ...silentLog, info: (line: string) => lines.push(line) };
  const opened = await openEmbedded({}, { user, log });
  const { cloud, session } = opened;
  const made = Array.from({ length: count }, () => cloud.seed.addSecret(Buffer.alloc(32, 7)));
  const barbican = await session.service('key-manager');
  const looked = async (keys: 'each' | 'listed') => {
    const secrets = await collect(listSecrets(barbican));
    const known = new VolumeKeys(await session.service('block-storage'), { secrets, keys });
    const before = opened.asked('/key-manager').length;
    const told = await pool(made, 4, ({ id }) =>
      known.readable(id, 'volume v').then(
        () => '',
        (error: Error) => error.message,
      ),
    );
    known.tell();
    const read = opened.asked('/key-manager').slice(before);
    return { read, refused: told.map((why, at) => ({ why, at })).filter(({ why }) => why !== '') };
  };
  return { ...opened, barbican, made, looked, lines };
}

test('a plan that is only shown reads some keys of many, and says so; who saves reads each', async () => {
  await using on = await project(50);
  const shown = await on.looked('listed');
  expect(shown.refused).toEqual([]);
  expect(shown.read).toHaveLength(20);
  expect(on.lines).toEqual([
    '20 keys were read for this plan; 30 more are listed like them, and are read when their volumes are backed up',
  ]);
  expect((await on.looked('each')).read).toHaveLength(50);
  expect(on.lines).toHaveLength(1);
});

test('of one key more it says so', async () => {
  await using on = await project(21);
  await on.looked('listed');
  expect(on.lines).toEqual([
    '20 keys were read for this plan; 1 more is listed like them, and is read when its volume is backed up',
  ]);
});

test('what a list does not tell of a key is asked, however many there are', async () => {
  await using on = await project(50);
  const [gone, empty, secret, dead] = on.made.slice(46);
  if (gone === undefined || empty === undefined || secret === undefined || dead === undefined)
    throw new Error('no keys');
  on.cloud.state.secrets.delete(gone.id);
  empty.payload = null;
  empty.contentType = null;
  on.cloud.clock.shift(2000);
  await putAcl(on.barbican, secret.id, { projectAccess: false, users: [] });
  secret.creatorId = 'somebody-else';
  dead.expiration = new Date(on.cloud.clock.ms - 1000);
  const { read, refused } = await on.looked('listed');
  expect(refused).toEqual([
    { at: 46, why: expect.stringContaining('404') },
    { at: 47, why: `the key of volume v (${empty.id}) has no payload` },
    { at: 48, why: expect.stringContaining('403') },
    { at: 49, why: expect.stringContaining('404') },
  ]);
  // Its attributes are not listed of what is gone, and what has no payload needs no request.
  expect(read.length - 20).toBe(3);
});

test('where one of the first is refused, each is read', async () => {
  await using on = await project(50);
  const path = `/secrets/${on.made[3]?.id}/payload`;
  on.cloud.faults.add({ when: { path, times: 100 }, do: { status: 403 } });
  const { read, refused } = await on.looked('listed');
  expect(refused.map(({ at }) => at)).toEqual([3]);
  expect(read).toHaveLength(50);
});
