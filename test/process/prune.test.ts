import { randomBytes } from 'node:crypto';
import { cp, mkdir, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { backupImage } from '../../src/commands/backup-image.ts';
import { prune } from '../../src/commands/prune.ts';
import { type EmbeddedWorld, embeddedWorld } from '../scenarios/embedded.ts';
import { expectExit } from '../scenarios/steps.ts';
import { type Runner, runnerOf } from '../support/faults.ts';
import { writePlan } from '../support/shop.ts';

let world: EmbeddedWorld;
let run: Runner;
let id: string;
const GOOD = { 'keep-last': '1', 'min-copies': '1', 'allow-unsigned': 'true' };

beforeAll(async () => {
  world = await embeddedWorld({ tickMs: 2, gibBytes: 1024 ** 2 });
  run = runnerOf(world);
  id = await world.makeVolume({ name: 'db' });
  for (let night = 0; night < 3; night += 1)
    expectExit(await world.tool(['backup-volume', '--volumes', id, '--mode', 'full']), 0);
  await mkdir(join(world.directory, 'broken/20260101T000000Z-00000000'), { recursive: true });
  await writeFile(join(world.directory, 'broken/20260101T000000Z-00000000/manifest.json'), '{');
  await mkdir(join(world.directory, 'empty'));
}, 60_000);
afterAll(() => world.close());

describe('bad inputs: exit 2, nothing asked of the cloud', () => {
  test.each([
    [{}, 'no rules given'],
    [{ 'keep-last': '0' }, 'no rules given'],
    [{ 'min-copies': '5' }, 'no rules given'],
    [{ gone: '90d' }, 'no rules given'],
    [{ 'keep-last': '-1' }, '`keep-last`'],
    [{ 'keep-last': 'all' }, '`keep-last`'],
    [{ 'keep-last': '1.5' }, '`keep-last`'],
    [{ 'keep-hourly': '1h' }, '`keep-hourly`'],
    [{ 'keep-daily': '14d' }, '`keep-daily`'],
    [{ 'keep-weekly': '1e3' }, '`keep-weekly`'],
    [{ 'keep-monthly': '100001' }, '`keep-monthly`'],
    [{ 'keep-yearly': ' ' }, '`keep-yearly`'],
    [{ 'keep-within': '14' }, '`keep-within` is "14"'],
    [{ 'keep-within': '0d' }, '`keep-within` is "0d"'],
    [{ 'keep-within': '2w' }, '`keep-within` is "2w"'],
    [{ 'keep-within': '-1d' }, '`keep-within` is "-1d"'],
    [{ 'keep-within-hourly': '1d1m' }, '`keep-within-hourly`'],
    [{ 'keep-within-daily': 'forever' }, '`keep-within-daily`'],
    [{ 'keep-within-weekly': '1 d' }, '`keep-within-weekly`'],
    [{ 'keep-within-monthly': 'm' }, '`keep-within-monthly`'],
    [{ 'keep-within-yearly': '1y1y' }, '`keep-within-yearly`'],
    [{ ...GOOD, 'min-copies': '0' }, '`min-copies`'],
    [{ ...GOOD, 'min-copies': 'two' }, '`min-copies`'],
    [{ ...GOOD, gone: 'soon' }, '`gone` is "soon"'],
    [{ ...GOOD, gone: '90' }, '`gone` is "90"'],
    [{ ...GOOD, timezone: 'Berlin' }, '`timezone` is "Berlin"'],
    [{ ...GOOD, timezone: '+02:00' }, '`timezone` is "+02:00"'],
    [{ ...GOOD, timezone: 'local' }, '`timezone` is "local"'],
    [{ ...GOOD, simulate: '0' }, '`simulate` is "0"'],
    [{ ...GOOD, simulate: '1y' }, '`simulate` is "1y"'],
    [{ ...GOOD, simulate: '99999' }, '`simulate` is "99999"'],
    [{ ...GOOD, 'max-chain': '0' }, '`max-chain`'],
    [{ ...GOOD, expect: 'yes' }, '`expect` is not a digest'],
    [{ ...GOOD, expect: `${'a'.repeat(63)}g` }, '`expect` is not a digest'],
    [{ ...GOOD, publish: 'artifact' }, 'works only in a workflow'],
    [{ ...GOOD, publish: 'ftp://bucket' }, '`publish` is "ftp://bucket"'],
    [{ ...GOOD, publish: 's3://bucket/../other' }, 'cannot be a part of the prefix'],
    [{ ...GOOD, publish: 's3://bucket' }, 'no credentials for S3'],
    [{ ...GOOD, store: 's3://bucket' }, 'no credentials for S3'],
    [{ ...GOOD, manifest: 'latest' }, 'unsupported place "latest"'],
    [{ ...GOOD, manifest: 'directory:nowhere' }, 'cannot look for manifests'],
    [{ ...GOOD, manifest: 'directory:broken' }, 'what they hold may need'],
    [{ 'keep-last': '1' }, 'is not signed, and 2 more manifests are in doubt: what they hold may need'],
    [{ ...GOOD, 'sign-key': 'x' }, 'sign-key'],
    [{ ...GOOD, 'allow-over-half': 'maybe' }, '`allow-over-half`'],
  ])('%j', async (given, said) => {
    const asked = world.cloud.requests.length;
    const told = await run(prune, given as Record<string, string>);
    expect([told.code, told.error]).toEqual([2, expect.stringContaining(said)]);
    expect(world.cloud.requests).toHaveLength(asked);
  });

  test.each([
    [{ volumes: 'nobody' }, 'no manifest has a restore point of volume "nobody"'],
    [{ servers: 'db' }, 'no manifest has a restore point of server "db"'],
    [{ expect: '0'.repeat(64) }, 'what would be deleted differs from what `expect` says'],
  ])('%j, which only a look can tell', async (given, said) => {
    const before = world.cloud.state.backups.size;
    const told = await run(prune, { ...GOOD, ...given });
    expect([told.code, told.error]).toEqual([2, expect.stringContaining(said)]);
    expect(world.cloud.state.backups.size).toBe(before);
  });
});

test('over half is not deleted unless somebody agrees, and what goes is shown with its reasons', async () => {
  const careful = await run(prune, GOOD);
  expect([careful.code, world.cloud.state.backups.size]).toEqual([1, 3]);
  expect(careful.log).toContain('2 of 3 points would be deleted, more than half');
  const shown = expectExit(
    await world.tool(['prune', '--keep-last', '2', '--min-copies', '1', '--allow-unsigned', '--dry-run']),
    0,
  );
  expect(shown.stdout).toMatch(/keep: last 1 of 2; newest good point/);
  expect(shown.stdout).toMatch(/delete: no rule keeps it/);
  expect(shown.stdout).toMatch(/2 restore points kept, 1 to be deleted\ndigest: [0-9a-f]{64}\n$/);
  expect(world.cloud.state.backups.size).toBe(3);
});

test('nothing is deleted where it cannot be recorded', async () => {
  await writeFile(join(world.directory, 'file'), '');
  const told = await run(prune, { ...GOOD, 'keep-last': '2', publish: 'directory:file' });
  expect([told.code, world.cloud.state.backups.size]).toEqual([2, 3]);
});

test('what another region has is not looked at', async () => {
  const [from, to] = ['openstack-backups', 'elsewhere'].map((name) => join(world.directory, name));
  await cp(from ?? '', to ?? '', { recursive: true });
  const rules = { ...GOOD, 'keep-last': '2', manifest: 'directory:elsewhere' };
  const shown = async () => JSON.parse((await run(prune, rules, { dryRun: true })).outputs['points'] ?? '');
  expect(await shown()).toHaveLength(3);
  for (const directory of await readdir(to ?? '')) {
    const file = join(to ?? '', directory, 'manifest.json');
    const manifest = JSON.parse(await readFile(file, 'utf8'));
    const text = JSON.stringify({ ...manifest, cloud: { ...manifest.cloud, region: 'another' } });
    await writeFile(file, text);
    await rm(`${file}.sha256`);
  }
  expect(await shown()).toEqual([]);
});

test('a payload of another size is not the one that was saved: it stays', async () => {
  await world.makeImage({ name: 'golden', bytes: randomBytes(1000) });
  const store = 'directory:payloads';
  const saved = () => run(backupImage, { images: 'golden', store, publish: 'directory:images' });
  for (let night = 0; night < 2; night += 1) expect((await saved()).code).toBe(0);
  const payloads = async () => {
    const all = await readdir(join(world.directory, 'payloads'), { recursive: true });
    return all.filter((path) => /\/maps\/./.test(path)).length;
  };
  const rules = { ...GOOD, manifest: 'directory:images', store };
  const going = async () => {
    const told = await run(prune, rules, { dryRun: true });
    const points = JSON.parse(told.outputs['points'] ?? '') as { keep: boolean; data: string }[];
    return points.filter(({ keep }) => !keep).map(({ data }) => data.replace('payload ', ''));
  };
  const [old = '', ...more] = await going();
  expect(more).toEqual([]);
  await truncate(join(world.directory, 'payloads', old), 1);
  expect(await going()).toEqual([]);
  expect((await run(prune, rules)).code).toBe(0);
  expect(await payloads()).toBe(2);
});

test('what the cloud does not delete is told, and the next run deletes it', async () => {
  const [oldest] = [...world.cloud.state.backups.values()];
  const planted = world.cloud.faults.add({
    when: { method: 'DELETE', path: /\/backups\//, times: 1 },
    do: { failLater: 'the disk is on fire' },
  });
  const told = await run(prune, { ...GOOD, 'keep-last': '2' });
  expect([planted.hits, told.code]).toEqual([1, 1]);
  expect(told.log).toContain(`backup ${oldest?.id} was not deleted`);
  const listed = expectExit(await world.tool(['list', '--json']), 0).json['points'] as unknown[];
  expect(listed).toHaveLength(2);
  if (oldest !== undefined) oldest.status = 'error';
  const next = await run(prune, { ...GOOD, 'keep-last': '2' });
  expect([next.code, next.error, world.cloud.state.backups.size]).toEqual([0, '', 2]);
});

test('directories of manifests of which all is gone go, each with its record behind it; other files keep them', async () => {
  const directories = async () => (await readdir(join(world.directory, 'openstack-backups'))).length;
  const rules = { ...GOOD, 'allow-over-half': 'true' };
  const more = async () => {
    expectExit(await world.tool(['backup-volume', '--volumes', id, '--mode', 'full']), 0);
    expect((await run(prune, rules)).code).toBe(0);
  };
  // What earlier tests left is cleaned up first.
  for (let times = 0; times < 4; times += 1) expect((await run(prune, rules)).code).toBe(0);
  expect(await directories()).toBe(1);
  await more();
  expect(await directories()).toBe(3);
  const shown = await run(prune, rules, { dryRun: true });
  expect(shown.code).toBe(0);
  expect((await run(prune, { ...rules, expect: shown.outputs['digest'] ?? '' })).code).toBe(0);
  expect(await directories()).toBe(2);
  expect((await run(prune, rules)).code).toBe(0);
  expect(await directories()).toBe(1);
  const [kept] = await readdir(join(world.directory, 'openstack-backups'));
  await writeFile(join(world.directory, 'openstack-backups', kept ?? '', 'notes.txt'), 'mine');
  await more();
  const told = await run(prune, rules);
  expect([told.code, await directories()]).toEqual([0, 3]);
  expect(told.log).toContain('there are other files in its directory');
});

test('a plan has the rules, and the places', async () => {
  const plan = (keep: string) =>
    writePlan(world, `${keep}back-up:\n  - {name: all, select: all, kinds: [volume], every: 1d}\n`);
  await plan('');
  const given = { plan: 'plan.yml', 'allow-unsigned': 'true', 'allow-over-half': 'true' };
  const without = await run(prune, given);
  expect([without.code, without.error]).toEqual([2, expect.stringContaining('has no keep')]);
  await plan('keep: {last: 1, min-copies: 1}\n');
  const both = await run(prune, { ...given, 'keep-daily': '1' });
  expect([both.code, both.error]).toEqual([2, expect.stringContaining('cannot be given together')]);
  expectExit(await world.tool(['backup-volume', '--volumes', id, '--mode', 'full']), 0);
  const told = await run(prune, given);
  expect([told.code, told.error, world.cloud.state.backups.size]).toEqual([0, '', 1]);
});

test('a year is simulated without a cloud and without a manifest', async () => {
  const asked = world.cloud.requests.length;
  const words = ['prune', '--keep-daily', '7', '--simulate', '400d', '--max-chain', '1', '--json'];
  const { json } = expectExit(await world.tool([...words, '--manifest', 'directory:empty']), 0);
  expect([(json['days'] as number[]).length, json['peak']]).toEqual([400, '8']);
  const {
    json: tagged,
    stderr,
    stdout,
  } = expectExit(await world.tool([...words, '--keep-tag', 'release', '--keep-tag', 'signed,tested']), 0);
  expect(tagged['peak']).toBe('8');
  expect(`${stdout}${stderr}`).not.toContain('undefined');
  const shown = await world.tool([
    ...words.slice(0, -1),
    '--keep-tag',
    'release',
    '--keep-tag',
    'signed,tested',
  ]);
  expect(shown.stdout).toContain('each tagged release or signed,tested stays beside them, with its chain');
  expect(world.cloud.requests).toHaveLength(asked);
});
