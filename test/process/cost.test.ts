import { afterAll, describe, expect, test } from '@jest/globals';
import { APPLY, type Figure, measure } from '../../bench/cost-run.ts';
import { backupVolume } from '../../src/commands/backup-volume.ts';
import { type EmbeddedWorld, embeddedWorld, SMALL_GIB } from '../scenarios/embedded.ts';
import { runnerOf } from '../support/faults.ts';
import { BIN } from '../support/tool.ts';

const worlds: EmbeddedWorld[] = [];
afterAll(async () => {
  for (const world of worlds) await world.close();
}, 60_000);

async function world() {
  const made = await embeddedWorld({ tickMs: 2, gibBytes: SMALL_GIB });
  worlds.push(made);
  return { cloud: made.cloud, run: runnerOf(made) };
}

/** What a run asks, and how much of it is listed without a filter. */
async function costOf(
  { cloud, run }: Awaited<ReturnType<typeof world>>,
  ...words: Parameters<typeof run>
): Promise<{ requests: number; lists: number }> {
  const before = cloud.requests.length;
  const told = await run(...words);
  expect([told.code, told.error]).toEqual([0, '']);
  const asked = cloud.requests.slice(before);
  const lists = asked.filter(
    ({ method, path, query }) =>
      method === 'GET' &&
      /\/(volumes\/detail|snapshots\/detail|images)$/.test(path) &&
      !/[?&](name|volume_id)=/.test(query),
  );
  return { requests: asked.length, lists: lists.length };
}

test('a dry run asks one request more for each key, and none for each volume', async () => {
  const all = await world();
  const costs: number[] = [];
  for (const type of ['standard', 'luks'])
    for (const count of [10, 20]) {
      for (let at = 0; at < 10; at += 1) all.cloud.seed.addVolume({ name: `${type}-${at}`, type });
      const { requests } = await costOf(all, backupVolume, { volumes: `name:${type}-*` }, { dryRun: true });
      costs.push(requests - (type === 'luks' ? count : 0));
    }
  const [few, many, fewKeys, manyKeys] = costs;
  expect(many).toBe(few);
  // Barbican's largest page has 100 secrets.
  expect(manyKeys).toBe(fewKeys);
}, 60_000);

test('through images nothing is listed as a whole for each volume', async () => {
  const lists: number[] = [];
  for (const count of [2, 6]) {
    const all = await world();
    for (let at = 0; at < count; at += 1) all.cloud.seed.addVolume({ name: `v-${at}` });
    const words = { volumes: 'name:v-*', method: 'image', store: 'directory:store', concurrency: '1' };
    lists.push((await costOf(all, backupVolume, words)).lists);
  }
  expect(lists[1]).toBe(lists[0]);
}, 60_000);

describe('a plan of many that is only shown', () => {
  const figureOf = (volumes: number) =>
    measure(
      {
        name: 'apply',
        volumes,
        encrypted: 'half',
        backups: 4 * volumes,
        named: true,
        planned: true,
        words: APPLY,
      },
      BIN,
      2,
    );

  test('asks for pages only, and takes less memory than its size allows', async () => {
    const few = await figureOf(500);
    const many = await figureOf(2500);
    const lists = (kinds: Figure['kinds']) =>
      Object.entries(kinds).filter(([kind]) => /\/(secrets|volumes\/detail|backups\/detail)$/.test(kind));
    const others = ({ requests, kinds }: Figure) =>
      requests - lists(kinds).reduce((sum, [, count]) => sum + count, 0);
    expect(others(many)).toBe(others(few));
    const paged = lists(many.kinds).reduce((sum, [, count]) => sum + count, 0);
    // Half have a key, and so have their backups; Cinder's largest page has 1,000 and Barbican's 100. And one that is empty.
    const pages = (2500 * 5) / 2 / 100 + 2500 / 1000 + (2500 * 4) / 1000;
    expect(paged).toBeLessThanOrEqual(pages + 3);
    // 5,000 are to stay below 300 MiB, of which 100 are there without any.
    const growth = (many.mebibytes ?? Number.NaN) - (few.mebibytes ?? Number.NaN);
    expect((growth / 2000) * 5000).toBeLessThan(200);
  }, 240_000);
});
