import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { apply } from '../../src/commands/apply.ts';
import { list } from '../../src/commands/list.ts';
import { report } from '../../src/commands/report.ts';
import { restoreVolume } from '../../src/commands/restore-volume.ts';
import { verify } from '../../src/commands/verify.ts';
import { type FakeS3, startS3 } from '../fakes/s3/index.ts';
import { type EmbeddedWorld, embeddedWorld } from '../scenarios/embedded.ts';
import { type Runner, runnerOf } from '../support/faults.ts';
import { type HandClock, handClock } from '../support/hand-clock.ts';
import type { Told } from '../support/in-process.ts';

const KEYS = { id: 'AKIDEXAMPLE', secret: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' };
const SIZE = 1 << 20;
const HOUR = 3_600_000;
const PLAN = { plan: 'plan.yml' };
let world: EmbeddedWorld;
let s3: FakeS3;
let clock: HandClock;
let run: Runner;
let volume: string;
let access: Record<string, string>;
/** What the disk held each night. */
const nights: Buffer[] = [];
/** What each night put. */
const puts: string[][] = [];

async function applied(): Promise<void> {
  await world.write(volume, 100_000 * nights.length, randomBytes(50_000));
  const before = new Set(s3.objects.keys());
  const told = await run(apply, { ...PLAN, ...access });
  expect([told.code, told.error]).toEqual([0, '']);
  nights.push(await world.content(volume, SIZE));
  puts.push([...s3.objects.keys()].filter((key) => !before.has(key)));
  clock.pass(20 * HOUR);
}

beforeAll(async () => {
  world = await embeddedWorld({ tickMs: 'manual', gibBytes: SIZE });
  clock = handClock(world.cloud);
  s3 = await startS3('backups', [KEYS]);
  s3.now = clock.now;
  run = runnerOf(world, () => clock);
  volume = await world.makeVolume({ name: 'db', content: randomBytes(200_000) });
  access = { 's3-access-key': KEYS.id, 's3-secret-key': KEYS.secret };
  const [project] = [...world.cloud.state.projects.values()].filter(({ name }) => name === 'demo');
  await writeFile(
    join(world.directory, 'plan.yml'),
    [
      'version: 1',
      `project: ${project?.id}`,
      'publish: ["directory:here"]',
      `store: s3://backups/far?endpoint=${s3.url}`,
      'report: {fail-on: [stale]}',
      'back-up: [{name: all, select: "name:db", kinds: [volume], every: 18h, max-age: 24h, method: image}]',
    ].join('\n'),
  );
  await applied();
  await applied();
}, 60_000);
afterAll(async () => {
  await s3[Symbol.asyncDispose]();
  await world.close();
});

let back: () => void;
beforeEach(() => {
  const before = new Map(s3.objects);
  back = () => {
    for (const [key, object] of before) s3.objects.set(key, object);
  };
});

const dataOf = (night: number) => puts[night]?.find((key) => key.includes('/data/')) ?? '';

/** In the middle of an object. */
function flipBit(key: string): void {
  const object = s3.objects.get(key);
  if (object === undefined) throw new Error('there is no object');
  const bytes = Buffer.from(object.bytes);
  bytes.writeUInt8(bytes.readUInt8(bytes.length >> 1) ^ 1, bytes.length >> 1);
  s3.objects.set(key, { ...object, bytes });
}
const rows = ({ outputs }: Told) => JSON.parse(outputs['coverage'] ?? '[]') as Record<string, string>[];
const reported = async (given = access) => {
  const told = await run(report, { ...PLAN, ...given });
  return { ...told, row: rows(told).find(({ id }) => id === volume) };
};
const restored = async (more: Record<string, string>) => {
  const given = { store: `s3://backups/far?endpoint=${s3.url}`, ...access, 'allow-unsigned': 'true' };
  const told = await run(restoreVolume, { ...given, volume, name: 'back', ...more });
  expect([told.code, told.error]).toEqual([0, '']);
  const bytes = await world.content(told.outputs['volume-id'] ?? '', SIZE);
  return { ...told, night: nights.findIndex((night) => night.equals(bytes)) };
};

test('a report looks at the store, with one list', async () => {
  const from = s3.requests.length;
  const { code, row } = await reported();
  expect([code, row?.['status']]).toEqual([0, 'covered']);
  const asked = s3.requests.slice(from).filter(({ method, key }) => method === 'GET' && key === '');
  expect(asked).toHaveLength(1);
});

test('a point that lacks an object covers nothing, for a report as for a list', async () => {
  s3.objects.delete(dataOf(1));
  const { code, row } = await reported();
  expect([code, row?.['status']]).toEqual([1, 'stale']);
  expect(row?.['why']).toMatch(
    /; that of 20\S+ is broken: of payload \S+ in s3:\/\/backups\/far, 1 of \d+ objects is missing/,
  );
  const manifest = 'directory:here';
  const listed = await run(list, { ...access, manifest, store: `s3://backups/far?endpoint=${s3.url}` });
  const points = JSON.parse(listed.outputs['points'] ?? '[]') as { state: string }[];
  expect(points.map(({ state }) => state).sort()).toEqual(['broken', 'whole']);
  back();
});

test('a store that cannot be looked at is told, and what the manifests say counts', async () => {
  for (const given of [{}, { ...access, 's3-secret-key': 'wrong' }]) {
    const { code, row, log } = await reported(given);
    expect([code, row?.['status']]).toEqual([0, 'covered']);
    expect(
      log.match(/warning: nobody can tell whether all is there that was saved into s3:\/\//g),
    ).toHaveLength(1);
    expect(log).not.toContain(KEYS.secret);
  }
});

test('what verify saw damaged is told where it is restored, and passed over where it may be', async () => {
  flipBit(dataOf(1));
  const store = `s3://backups/far?endpoint=${s3.url}`;
  const told = await run(verify, { ...access, store, manifest: 'directory:here' });
  expect(told.code).toBe(1);
  const named = { manifest: 'directory:here', at: '0h' };
  const { night, log } = await restored(named);
  expect(night).toBe(0);
  expect(log).toMatch(/is skipped: `?(--)?verify`? saw it damaged/);
  // It is taken where nobody says that another one will do.
  back();
  const latest = await restored({ manifest: 'latest:here' });
  expect(latest.night).toBe(1);
  // Until it is seen whole again, what takes that object over is no better.
  expect((await reported()).row?.['status']).toBe('stale');
  expect((await run(verify, { ...access, store, manifest: 'directory:here' })).code).toBe(0);
  expect((await reported()).row?.['status']).toBe('covered');
  expect(latest.log).toMatch(/warning: .*saw restore point \S+ damaged: .*at.* 0h/);
});

test('an apply saves anew what lost an object, though nothing is due', async () => {
  await applied();
  clock.pass(-10 * HOUR);
  s3.objects.delete(dataOf(2));
  const told = await run(apply, { ...PLAN, ...access });
  expect([told.code, told.error]).toEqual([0, '']);
  expect((await reported()).row?.['status']).toBe('covered');
  expect((await restored({ manifest: 'latest:here' })).night).toBe(2);
});

test('an apply sends anew what verify saw damaged, so that the new point is whole', async () => {
  flipBit(dataOf(0));
  const store = `s3://backups/far?endpoint=${s3.url}`;
  const verified = await run(verify, { ...access, store, manifest: 'directory:here' });
  expect(verified.code).toBe(1);
  expect((await reported()).row?.['status']).toBe('stale');
  await applied();
  // Nobody verified the new point, and no old one was mended.
  expect((await reported()).row?.['status']).toBe('covered');
  const { night } = await restored({ manifest: 'latest:here' });
  expect(night).toBe(nights.length - 1);
  clock.pass(-10 * HOUR);
  const again = await run(apply, { ...PLAN, ...access });
  expect([again.code, again.outputs['due']]).toEqual([0, '0']);
});
