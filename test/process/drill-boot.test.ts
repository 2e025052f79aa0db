import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { backupImage } from '../../src/commands/backup-image.ts';
import { backupServer } from '../../src/commands/backup-server.ts';
import { backupVolume } from '../../src/commands/backup-volume.ts';
import { drill } from '../../src/commands/drill.ts';
import { SparseBytes } from '../fakes/cloud/index.ts';
import { type EmbeddedWorld, embeddedWorld, SMALL_GIB } from '../scenarios/embedded.ts';
import { endAt } from '../scenarios/interrupted.ts';
import { makeKeeper } from '../scenarios/sealed.ts';
import { bootDisk } from '../support/boot-sector.ts';
import { type Runner, runnerOf } from '../support/faults.ts';
import { newIn, standing } from '../support/standing.ts';

const keeper = await makeKeeper();
const { IDENTITY: identity } = keeper.environment;
const store = 'directory:openstack-backups/payloads';
const disk = (line: string | undefined) => bootDisk(line, 64 * 1024);

let world: EmbeddedWorld;
let run: Runner;
let before: ReadonlyMap<string, string>;

/** A drill to `boot`, after which the project is as it was before. */
async function drilled(code: number, given: Record<string, string>) {
  const told = await run(drill, {
    level: 'boot',
    store,
    identity,
    network: 'private',
    expect: 'Welcome',
    'boot-timeout': '1',
    ...given,
  });
  await world.cloud.ticks.settle();
  expect([told.code, told.error]).toEqual([code, '']);
  expect(newIn(world.cloud, before)).toEqual([]);
  const { reached, why, result, kind } = told.outputs;
  return {
    ...{ reached, why, result, kind },
    log: told.log,
    seen: JSON.parse(told.outputs['seen'] ?? '[]') as string[],
    seconds: JSON.parse(told.outputs['seconds'] ?? '{}') as object,
  };
}

const saved = async (command: unknown, given: Record<string, string>) => {
  const told = await run(command, { store, ...given });
  expect([told.code, told.error]).toEqual([0, '']);
};

beforeAll(async () => {
  world = await embeddedWorld({ tickMs: 2, gibBytes: SMALL_GIB, capabilities: { luksHeaderInside: true } });
  run = runnerOf(world);
  const { seed } = world.cloud;
  const root = (name: string, line: string | undefined, type = 'standard') =>
    seed.addVolume({ name, type, bootable: true, bytes: disk(line) });
  root('greets', 'Welcome to greets');
  root('vault', 'Welcome to the vault', 'luks');
  root('mute', undefined);
  root('grumbles', 'Kernel panic - not syncing: \u001b[31mVFS');
  seed.addVolume({ name: 'data', bytes: disk('Welcome') });
  const image = await seed.addImage(SparseBytes.from(disk('Welcome to an image')), { name: 'picture' });
  seed.addServer({
    name: 'pair',
    volumes: [root('pair-root', 'Welcome to pair'), seed.addVolume({ name: 'pair-data' })],
  });
  const own = seed.addServer({ name: 'own', image });
  own.root?.write(0, disk('Welcome to its own disk'));
  await saved(backupVolume, { volumes: 'greets,mute,grumbles,data', method: 'cinder-backup' });
  await saved(backupVolume, { volumes: 'vault', method: 'image', recipients: keeper.recipient });
  await saved(backupImage, { images: 'picture' });
  await saved(backupServer, { servers: 'pair', method: 'cinder-backup' });
  await saved(backupServer, { servers: 'own', method: 'image' });
  before = standing(world.cloud);
}, 120_000);
afterAll(() => world.close());

describe('what boots', () => {
  test.each([
    ['volume', 'greets'],
    ['volume', 'vault'],
    ['image', 'picture'],
    ['server', 'pair'],
    ['server', 'own'],
  ])('%s %s is proved by the text on its console, and nothing is left', async (kind, name) => {
    const found = await drilled(0, { [kind]: name });
    expect(found).toMatchObject({ reached: 'L4', result: 'passed', kind });
    expect(found.seen).toEqual([
      'the server ran with flavor tiny, isolated in 1 network',
      expect.stringMatching(/^"Welcome" on its console after \d+ s$/),
    ]);
    expect(Object.keys(found.seconds)).toEqual(['found', 'restored', 'booted', 'removed']);
  });

  test('a pattern, and without a network', async () => {
    const found = await drilled(0, { volume: 'greets', expect: '/^Welc\\w+ to/', network: 'none' });
    expect(found).toMatchObject({
      reached: 'L4',
      seen: [expect.stringContaining('without a network'), expect.anything()],
    });
  });
});

test('the port that the server has is isolated before the server is made', async () => {
  const { requests } = world.cloud;
  const from = requests.length;
  await drilled(0, { volume: 'greets' });
  const asked = requests.slice(from).map(({ method, path }) => `${method} ${path}`);
  const at = (pattern: RegExp) => asked.findLastIndex((line) => pattern.test(line));
  const rules = asked.filter((line) => line.startsWith('DELETE /network/v2.0/security-group-rules/'));
  expect(rules).toHaveLength(2);
  expect(at(/DELETE .*security-group-rules/)).toBeLessThan(at(/POST .*\/ports/));
  expect(at(/POST .*\/ports/)).toBeLessThan(at(/POST .*\/servers$/));
});

test('an empty console proves nothing, and is no failure', async () => {
  const found = await drilled(0, { volume: 'mute' });
  expect(found).toMatchObject({ result: 'no output', reached: '' });
  expect(found.seen).toContain('no output on its console');
});

test('a console without the text is a failed drill, and its last lines are told', async () => {
  const found = await drilled(1, { volume: 'grumbles' });
  expect(found).toMatchObject({ result: 'failed', why: '"Welcome" was not on its console within 1 min' });
  expect(found.log).toContain('console: Kernel panic - not syncing: VFS');
});

describe('a check', () => {
  const check = (words: string) => ({ volume: 'greets', check: words });

  test('that says yes goes deeper, and knows the server but no secret', async () => {
    const found = await drilled(
      0,
      check(
        'env | sort; test -n "$OPENSTACK_BACKUP_SERVER_ID$OPENSTACK_BACKUP_ADDRESS$OPENSTACK_BACKUP_VOLUME_ID"',
      ),
    );
    expect(found).toMatchObject({ result: 'passed', reached: 'L5' });
    expect(Object.keys(found.seconds)).toContain('checked');
    expect(found.log).toMatch(/check: OPENSTACK_BACKUP_ADDRESS=10\.0\.0\./);
    expect(found.log).toMatch(/check: OPENSTACK_BACKUP_VOLUME_ID=[0-9a-f-]{36}/);
    expect(found.log).not.toMatch(/check: .*(PASSWORD|SECRET|INPUT_)/);
  });

  test('that says no is a failed drill', async () => {
    const found = await drilled(1, check('exit 3'));
    expect(found).toMatchObject({ result: 'failed', why: 'the check said no (exit 3)' });
  });

  test('decides of a server whose console is empty', async () => {
    const found = await drilled(0, { volume: 'mute', check: 'true' });
    expect(found).toMatchObject({ result: 'passed', reached: 'L5' });
  });
});

test.each([
  [{ network: '' }, 'no network given'],
  [{ network: 'none,private' }, '`none` beside others'],
  [{ network: 'nowhere' }, 'there is no network "nowhere"'],
  [{ flavor: 'huge' }, 'there is no flavor "huge"'],
  [{ expect: '' }, 'nothing says whether the server boots'],
  [{ expect: '/(/' }, '`expect` is not a regular expression'],
  [{ network: 'none', 'security-groups': 'default' }, 'protect no server'],
  [{ 'security-groups': 'web' }, 'there is no security group "web"'],
  [{ volume: 'data' }, 'that no server can boot from'],
])('%j is refused before anything is made', async (given, said) => {
  const from = world.cloud.requests.length;
  const told = await run(drill, {
    level: 'boot',
    store,
    network: 'private',
    expect: 'Welcome',
    volume: 'greets',
    ...given,
  });
  expect([told.code, told.error]).toEqual([2, expect.stringContaining(said)]);
  const writes = world.cloud.requests.slice(from).filter(({ method }) => method !== 'GET');
  expect(writes.map(({ path }) => path).filter((path) => !path.includes('/auth/tokens'))).toEqual([]);
});

test('a killed drill leaves nothing that the next run of another command does not remove', async () => {
  const words = [
    'drill',
    '--level',
    'boot',
    '--network',
    'private',
    '--expect',
    'never',
    '--volume',
    'greets',
  ];
  const told = await world.tool(words, {
    onOutput: endAt('server "drill of greets" is being made', 'SIGKILL'),
  });
  expect(told.code).toBeNull();
  const left = newIn(world.cloud, before);
  // A disk, a server, a port and its security group.
  expect(left).toHaveLength(4);
  await world.tool(['backup-volume', '--volumes', 'data', '--method', 'cinder-backup']);
  await world.cloud.ticks.settle();
  expect(newIn(world.cloud, before).filter((id) => left.includes(id))).toEqual([]);
}, 60_000);
