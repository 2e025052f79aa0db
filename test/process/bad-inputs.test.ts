import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { backupImage } from '../../src/commands/backup-image.ts';
import { backupServer } from '../../src/commands/backup-server.ts';
import { exportSecret } from '../../src/commands/export-secret.ts';
import { restoreImage } from '../../src/commands/restore-image.ts';
import { restoreSecret } from '../../src/commands/restore-secret.ts';
import { restoreServer } from '../../src/commands/restore-server.ts';
import { SparseBytes } from '../fakes/cloud/index.ts';
import { type EmbeddedWorld, embeddedWorld } from '../scenarios/embedded.ts';
import { makeKeeper } from '../scenarios/sealed.ts';
import { type Runner, runnerOf } from '../support/faults.ts';
import { standing } from '../support/standing.ts';

/** For a runner, a terminal, a shell, a page, and an eye. */
const HOSTILE = 'x\n::set-output name=a::b \u001b[31m \u202egnp ##[error]y | `id` $(id) <b>&[l](h) ::';
const READABLE = 'x\\n::set-output name=a::b \\u001b[31m \\u202egnp';

let world: EmbeddedWorld;
let run: Runner;
const keeper = await makeKeeper();
const stranger = await makeKeeper();
const recipients = keeper.recipient;
const identity = keeper.environment.IDENTITY;
const manifests = new Map<string, string>();

beforeAll(async () => {
  world = await embeddedWorld({ tickMs: 2, gibBytes: 1024 ** 2 });
  run = runnerOf(world);
  const { seed } = world.cloud;
  for (const name of ['twin', 'twin', HOSTILE])
    await seed.addImage(SparseBytes.from(randomBytes(1000)), { name });
  for (const name of ['twin', 'twin', HOSTILE]) seed.addSecret(randomBytes(32), { name });
  for (const name of ['twin', 'twin', HOSTILE])
    seed.addServer({ name, volumes: [seed.addVolume({ name, bootable: true })] });
  await writeFile(join(world.directory, 'file'), '');
});
afterAll(() => world.close());

/** What a person or a machine may read of a run: nothing in it is a command, a colour or a turn. */
function expectPlain(text: string): void {
  for (const line of text.split('\n')) expect(line).not.toMatch(/^\s*::|##\[|[\p{Cc}\u202e]/u);
}

describe('hostile names', () => {
  test.each([
    ['image', backupImage, restoreImage, 'images'],
    ['secret', exportSecret, restoreSecret, 'secrets'],
    ['server', backupServer, restoreServer, 'servers'],
  ] as const)('of a %s are shown, and nothing in them is done', async (kind, save, restore, input) => {
    const table = world.cloud.state[input];
    const id = [...table.values()].find(({ name }) => name === HOSTILE)?.id ?? '';
    const saved = await run(save, { [input]: id, recipients });
    expect([saved.code, saved.error]).toEqual([0, '']);
    const manifest = saved.outputs['manifest'] ?? '';
    manifests.set(kind, manifest);
    const points = JSON.parse(saved.outputs['restore-points'] ?? '[]') as { kind: string; name: string }[];
    expect(points.find((point) => point.kind === kind)?.name).toBe(HOSTILE);
    const restored = await run(restore, {
      manifest,
      identity,
      'allow-unsigned': 'true',
      // Nova takes no such name.
      ...(kind === 'server' ? { name: 'y' } : {}),
    });
    expect([restored.code, restored.error]).toEqual([0, '']);
    for (const { log, summary, outputs } of [saved, restored]) {
      expectPlain(log);
      expectPlain(summary);
      expect(summary).not.toMatch(/<b>|`id`|\]\(h\)/);
      // JSON, for programs: on one line.
      for (const value of Object.values(outputs)) expect(value).not.toMatch(/\p{Cc}/u);
    }
    expect(`${saved.log}${restored.log}`).toContain(READABLE);
    const refused = await run(restore, {
      manifest,
      identity,
      'allow-unsigned': 'true',
      [input === 'secrets' ? input : kind]: `${HOSTILE}!`.replaceAll(/[\n,]/g, ''),
    });
    expect(refused.code).toBe(2);
    expectPlain(refused.log);
  });
});

describe('bad inputs are refused before anything is touched', () => {
  const restoring =
    (kind: string, more: Record<string, string> = {}) =>
    () => ({
      manifest: manifests.get(kind) ?? '',
      identity,
      'allow-unsigned': 'true',
      ...more,
    });
  const given = (inputs: Record<string, string>) => () => inputs;
  test.each([
    ['an image that two have the name of', backupImage, given({ images: 'twin', recipients }), '2 images'],
    ['a secret that two have the name of', exportSecret, given({ secrets: 'twin', recipients }), '2 secrets'],
    ['a server that two have the name of', backupServer, given({ servers: 'twin' }), '2 servers'],
    ['an image that is not there', backupImage, given({ images: 'nope', recipients }), 'called "nope"'],
    ['no image', backupImage, given({ images: '' }), '`images` is required'],
    ['a selector of no form', backupImage, given({ images: 'metadata:' }), 'metadata'],
    [
      'a store of no form',
      backupImage,
      given({ images: 'all', store: 'gs://x' }),
      'unsupported store "gs://x"',
    ],
    [
      'a store that is a file',
      backupImage,
      given({ images: 'name:x*', store: 'directory:file' }),
      'cannot write payloads',
    ],
    [
      'a recipient of no form',
      backupImage,
      given({ images: 'name:x*', recipients: 'age1nope' }),
      'recipient',
    ],
    ['a recipient of no form', exportSecret, given({ secrets: 'twin', recipients: 'me' }), 'recipient'],
    [
      'a compression of no name',
      backupImage,
      given({ images: 'all', compression: 'rar' }),
      '`compression` is "rar"',
    ],
    [
      'a concurrency of none',
      backupServer,
      given({ servers: 'all', concurrency: '0' }),
      '`concurrency` is "0"',
    ],
    ['a manifest that is not there', restoreImage, given({ manifest: 'nope' }), 'there is no manifest at'],
    ['a manifest that is none', restoreServer, given({ manifest: 'file', 'allow-unsigned': 'true' }), 'file'],
    ['an image of a manifest of secrets', restoreImage, restoring('secret'), 'no restore point of any image'],
    ['a server of a manifest of images', restoreServer, restoring('image'), 'no restore point of any server'],
    [
      'a secret of a manifest of servers',
      restoreSecret,
      restoring('server'),
      'no restore point of any secret',
    ],
    [
      'an identity of others',
      restoreSecret,
      restoring('secret', { identity: stranger.environment.IDENTITY }),
      'is not sealed to this',
    ],
    [
      'an identity of others',
      restoreImage,
      restoring('image', { identity: stranger.environment.IDENTITY }),
      'is not sealed to this',
    ],
    [
      'an identity of no form',
      restoreSecret,
      restoring('secret', { identity: 'AGE-SECRET-KEY-nope' }),
      'identity',
    ],
    ['another store', restoreImage, restoring('image', { store: 'directory:elsewhere' }), 'is not in'],
    ['a wrap of no name', restoreImage, restoring('image', { wrap: 'gift' }), '`wrap` is "gift"'],
    ['a map of no form', restoreServer, restoring('server', { map: 'flavor' }), '`map` cannot be read'],
    [
      'a map of a kind that is none',
      restoreServer,
      restoring('server', { map: 'colour: a=b' }),
      '`map` cannot be read',
    ],
    [
      'a map that says two things',
      restoreServer,
      restoring('server', { map: 'flavor: tiny=a\nflavor: tiny=b' }),
      'a second time',
    ],
    ['a name with a line end', restoreServer, restoring('server', { name: 'a\nb' }), 'invalid server name'],
  ] as const)('%s (%#)', async (_, command, inputs, message) => {
    const before = standing(world.cloud);
    const asked = world.cloud.requests.length;
    const told = await run(command, inputs());
    expect([told.code, told.error]).toEqual([2, expect.stringContaining(message)]);
    const writes = world.cloud.requests
      .slice(asked)
      .filter(({ method, path }) => method !== 'GET' && !path.endsWith('/auth/tokens'));
    expect(writes).toEqual([]);
    expect(standing(world.cloud)).toEqual(before);
    expectPlain(told.log);
  });
});
