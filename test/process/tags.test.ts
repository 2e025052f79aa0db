import { randomBytes } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { apply } from '../../src/commands/apply.ts';
import { backupImage } from '../../src/commands/backup-image.ts';
import { backupServer } from '../../src/commands/backup-server.ts';
import { backupVolume } from '../../src/commands/backup-volume.ts';
import { exportSecret } from '../../src/commands/export-secret.ts';
import { list } from '../../src/commands/list.ts';
import { prune } from '../../src/commands/prune.ts';
import { show } from '../../src/commands/show.ts';
import type { Manifest } from '../../src/manifest/schema.ts';
import { SparseBytes } from '../fakes/cloud/index.ts';
import { type EmbeddedWorld, embeddedWorld } from '../scenarios/embedded.ts';
import { endAt, resumeAt } from '../scenarios/interrupted.ts';
import { makeKeeper } from '../scenarios/sealed.ts';
import { expectExit } from '../scenarios/steps.ts';
import { type Runner, runnerOf } from '../support/faults.ts';
import type { Told } from '../support/in-process.ts';

interface Listed {
  readonly kind: string;
  readonly point: string;
  readonly data: string;
  readonly tags: readonly string[];
}

const keeper = await makeKeeper();
const recipients = keeper.recipient;
const identity = keeper.environment.IDENTITY;
let world: EmbeddedWorld;
let run: Runner;

beforeAll(async () => {
  world = await embeddedWorld({ tickMs: 2, gibBytes: 1024 ** 2 });
  run = runnerOf(world);
});
afterAll(() => world.close());
beforeEach(() => rm(join(world.directory, 'openstack-backups'), { recursive: true, force: true }));

function well(told: Told): Told {
  expect([told.code, told.error]).toEqual([0, '']);
  return told;
}

async function night(id: string, more: Record<string, string> = {}): Promise<string> {
  const { outputs } = well(await run(backupVolume, { volumes: id, ...more }));
  const [saved] = JSON.parse(outputs['restore-points'] ?? '[]') as { backup: string }[];
  return saved?.backup ?? '';
}

async function listed(more: Record<string, string> = {}): Promise<Listed[]> {
  const { outputs } = well(await run(list, { offline: 'true', ...more }));
  return JSON.parse(outputs['points'] ?? '[]') as Listed[];
}

const backupsOf = (id: string) =>
  [...world.cloud.state.backups.values()].filter(({ volumeId }) => volumeId === id).map((one) => one.id);

describe('bad tags: exit 2, and nothing asked of the cloud', () => {
  const many = Array.from({ length: 17 }, (_, at) => `t${at}`).join(',');
  test.each(['two words', 'a/b', 'ä', '$(id)', 'x'.repeat(65), many])('%s', async (tag) => {
    const asked = world.cloud.requests.length;
    await writeFile(join(world.directory, 'any.yml'), '');
    const all: [unknown, Record<string, string>][] = [
      [backupVolume, { volumes: 'all' }],
      [backupServer, { servers: 'all' }],
      [backupImage, { images: 'all' }],
      [exportSecret, { secrets: 'any', recipients }],
      [apply, { plan: 'any.yml' }],
      ...(tag === many ? [] : ([[list, {}]] as [unknown, Record<string, string>][])),
    ];
    for (const [command, given] of all) {
      const told = await run(command, { ...given, tag });
      expect([told.code, told.error]).toEqual([2, expect.stringContaining('`tag` has ')]);
    }
    expect(world.cloud.requests).toHaveLength(asked);
  });

  test.each(['two words', 'release,', ',release', 'a,,b', 'x'.repeat(65)])('keep-tag %s', async (tags) => {
    const asked = world.cloud.requests.length;
    const told = await run(prune, { 'keep-tag': `release\n${tags}` });
    expect([told.code, told.error]).toEqual([2, expect.stringContaining(`\`keep-tag\` is "${tags}"`)]);
    expect(world.cloud.requests).toHaveLength(asked);
  });

  test('keep-tag beside a plan, and one that is empty', async () => {
    const both = await run(prune, { plan: 'any.yml', 'keep-tag': 'release' });
    expect([both.code, both.error]).toEqual([2, expect.stringContaining('cannot be given together')]);
    const none = await run(prune, { 'keep-tag': '' });
    expect([none.code, none.error]).toEqual([2, expect.stringContaining('no rules given')]);
  });
});

test('three nights, one tagged: keep-last 1 and keep-tag leave the tagged one and its chain', async () => {
  const id = await world.makeVolume({ name: 'three nights' });
  const first = await night(id);
  const tagged = await night(id, { tag: 'pre-deploy,v1.2' });
  const last = await night(id, { mode: 'full' });
  const other = await night(id, { mode: 'full' });
  const rules = {
    'keep-last': '1',
    'min-copies': '1',
    'keep-tag': 'nobody\npre-deploy',
    'allow-unsigned': 'true',
  };
  const told = well(await run(prune, rules));
  expect(new Set(backupsOf(id))).toEqual(new Set([first, tagged, other]));
  const verdicts = JSON.parse(told.outputs['points'] ?? '[]') as { data: string; reasons: string[] }[];
  const reasons = Object.fromEntries(
    verdicts.map((one) => [one.data.replace('backup ', ''), one.reasons.join('; ')]),
  );
  expect(reasons).toEqual({
    [first]: expect.stringMatching(/^in the chain of /),
    [tagged]: 'tag pre-deploy',
    [last]: 'no rule keeps it',
    [other]: 'last 1 of 1; newest good point',
  });
  // What it no longer says goes with the chain that only the tag held.
  well(await run(prune, { ...rules, 'keep-tag': 'nobody', 'allow-over-half': 'true' }));
  expect(backupsOf(id)).toEqual([other]);
});

test('only keep-tag: the tags of a list must all be there, one list on each line; the floor stays', async () => {
  const id = await world.makeVolume({ name: 'lists' });
  const mode = 'full';
  const signed = await night(id, { mode, tag: 'release,signed' });
  const release = await night(id, { mode, tag: 'release' });
  const pinned = await night(id, { mode, tag: 'pinned' });
  const newest = await night(id, { mode });
  const words = ['prune', '--volumes', id, '--keep-tag', 'release,signed', '--keep-tag', 'pinned'];
  const rest = ['--min-copies', '1', '--allow-unsigned'];
  expectExit(await world.tool([...words, ...rest]), 0);
  expect(new Set(backupsOf(id))).toEqual(new Set([signed, pinned, newest]));
  expect(backupsOf(id)).not.toContain(release);
  const held = await run(prune, {
    volumes: id,
    'keep-tag': 'relaese',
    'min-copies': '1',
    'allow-unsigned': 'true',
  });
  expect([held.code, held.log]).toEqual([1, expect.stringContaining('2 of 3 points would be deleted')]);
  expect(backupsOf(id)).toHaveLength(3);
});

test('every restore point of a run has them, whatever its kind; list and show tell them', async () => {
  const { seed } = world.cloud;
  const root = seed.addVolume({ name: 'root', size: 1, bootable: true });
  seed.addServer({ name: 'shop', volumes: [root] });
  await seed.addImage(SparseBytes.from(randomBytes(1000)), { name: 'golden' });
  seed.addSecret(randomBytes(32), { name: 'backup-key' });
  const saves: [unknown, Record<string, string>][] = [
    [backupServer, { servers: 'shop', tag: 'a\nb,a' }],
    [backupImage, { images: 'golden', tag: 'b' }],
    [exportSecret, { secrets: 'backup-key', recipients, tag: 'c' }],
    [backupVolume, { volumes: root.id, method: 'image' }],
  ];
  for (const [command, given] of saves) well(await run(command, given));
  const all = await listed({ identity });
  expect(all.map(({ kind, tags }) => [kind, tags.join(' ')]).sort()).toEqual([
    ['image', 'b'],
    ['secret', 'c'],
    ['server', 'a b'],
    ['volume', ''],
    ['volume', 'a b'],
  ]);
  expect((await listed({ identity, tag: 'b,c' })).map(({ kind }) => kind).sort()).toEqual([
    'image',
    'secret',
    'server',
    'volume',
  ]);
  expect(await listed({ identity, tag: 'B' })).toEqual([]);
  const words = ['list', '--offline', '--server', 'shop', '--column', 'kind', '--column', 'tags'];
  expect(expectExit(await world.tool([...words, '--format', 'csv']), 0).stdout).toBe(
    'kind,tags\nserver,"a, b"\n',
  );
  const usual = expectExit(await world.tool(['list', '--offline', '--server', 'shop']), 0).stdout;
  expect(usual).not.toContain('tags');
  const shown = well(await run(show, { server: 'shop', offline: 'true' }));
  expect(JSON.parse(shown.outputs['point'] ?? '{}')).toMatchObject({ kind: 'server', tags: ['a', 'b'] });
});

test('apply gives them to what is due, and a plan keeps what has them', async () => {
  const id = await world.makeVolume({ name: 'planned' });
  const project = (await world.session()).scope.project.id;
  const plan = `version: 1
project: ${project}
publish: ["directory:planned"]
keep: {last: 1, min-copies: 1, tag: [nobody, "release,signed"]}
back-up:
  - {name: all, select: ${id}, kinds: [volume], max-chain: 1, every: 1h}
`;
  await writeFile(join(world.directory, 'plan.yml'), plan);
  const given = { plan: 'plan.yml', 'allow-unsigned': 'true' };
  const first = await run(apply, { ...given, tag: 'release\nsigned' });
  const { manifest } = first.outputs;
  const { restorePoints } = JSON.parse(await readFile(manifest ?? '', 'utf8')) as Manifest;
  expect(restorePoints.map(({ tags }) => tags)).toEqual([['release', 'signed']]);
  const [tagged] = backupsOf(id);
  const more = { mode: 'full', publish: 'directory:planned' };
  await night(id, more);
  const newest = await night(id, more);
  const told = await run(prune, given);
  expect([told.code, told.error, backupsOf(id)]).toEqual([0, '', [tagged, newest]]);
});

test('a backup that a run was stopped before recording keeps its tags when the next run adopts it', async () => {
  const { seed, ticks } = world.cloud;
  const { id } = seed.addVolume({ name: 'stopped', size: 8 });
  const words = ['backup-volume', '--volumes', id, '--json'];
  ticks.pause();
  const stop = { onOutput: endAt(' started: ', 'SIGTERM') };
  expectExit(await world.tool([...words, '--tag', 'pre-deploy', '--tag', 'v1,v2'], stop), 143);
  const adopt = { onOutput: resumeAt(ticks, 'is still being made') };
  expectExit(await world.tool([...words, '--tag', 'nightly'], adopt), 0);
  const found = await world.tool(['list', '--offline', '--sort', 'time', '--json']);
  expect((expectExit(found, 0).json['points'] as Listed[]).map(({ tags }) => tags)).toEqual([
    ['pre-deploy', 'v1', 'v2'],
    ['nightly'],
  ]);
});
