import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { opener, sealer } from '../../src/keys/age.ts';
import { signature, signatureHolds, signingKey, verifyingKey } from '../../src/manifest/sign.ts';
import { type EmbeddedWorld, embeddedWorld } from '../scenarios/embedded.ts';
import { expectExit } from '../scenarios/steps.ts';
import { mapBytes } from '../support/blocks-records.ts';

const OTHER = 'age1yhm4gctwfmrpz87tdslm550wrx6m79y9f2hdzt0lndjnehwj0ukqrjpyx5';
const TAKEN = '2026-11-20T00:00:00.000Z';

let world: EmbeddedWorld;
beforeAll(async () => {
  world = await embeddedWorld({ tickMs: 2, gibBytes: 1024 ** 2 });
}, 60_000);
afterAll(() => world.close());

test('store init makes keys that work, in files for nobody else, and prints none of them', async () => {
  const words = ['store', 'init', 'directory:store', '--recipients', OTHER];
  const made = expectExit(await world.tool(words), 0);
  const text = (name: string) => readFile(join(world.directory, 'openstack-backup-keys', name), 'utf8');
  const names = await readdir(join(world.directory, 'openstack-backup-keys'));
  expect(names.sort()).toEqual(['identity.txt', 'recipients.txt', 'sign.pem', 'store.key', 'verify.pem']);
  for (const name of names)
    expect((await stat(join(world.directory, 'openstack-backup-keys', name))).mode & 0o77).toBe(0);

  const [own, other] = (await text('recipients.txt')).trim().split('\n');
  expect(other).toBe(OTHER);
  const sealed = await (await sealer([own ?? ''])).seal(Buffer.from('disk'));
  const opened = await (await opener(await text('identity.txt'), 'it')).open(sealed, 'it');
  expect(opened.toString()).toBe('disk');
  const signed = signature(Buffer.from('x'), signingKey(await text('sign.pem')));
  expect(signatureHolds(Buffer.from('x'), signed, verifyingKey(await text('verify.pem')))).toBe(true);
  expect(await text('store.key')).toMatch(/^[0-9a-f]{64}\n$/);

  const printed = made.stdout + made.stderr;
  for (const secret of ['AGE-SECRET-KEY', (await text('store.key')).trim(), 'PRIVATE KEY'])
    expect(printed).not.toContain(secret);
  expect(printed).toContain('gh secret set BACKUP_STORE_KEY < openstack-backup-keys/store.key');
  expect(printed).toContain(`gh variable set BACKUP_RECIPIENTS --body ${own},${OTHER}`);
  expect(printed).toContain('gh variable set BACKUP_STORE --body directory:store');
  expect(await readdir(join(world.directory, 'store'))).toEqual([]);

  const before = await text('identity.txt');
  expect(expectExit(await world.tool(words), 2).stderr).toContain('"openstack-backup-keys" already exists');
  expect(await text('identity.txt')).toBe(before);
});

test('store init makes no keys for a store that cannot be written', async () => {
  await writeFile(join(world.directory, 'file'), '');
  expectExit(await world.tool(['store', 'init', 'directory:file', '--keys', 'other']), 2);
  expectExit(await world.tool(['store', 'init', 'directory:new', '--keys', 'other', '--dry-run']), 0);
  expect((await readdir(world.directory)).filter((name) => ['other', 'new'].includes(name))).toEqual([]);
});

test('store rekey shows who can open what', async () => {
  const point = '11111111-1111-4111-8111-111111111111';
  const name = `volume-v1/maps/20261120T000000Z-${point}`;
  const file = join(world.directory, 'shared', name);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(
    file,
    await mapBytes({
      resource: { kind: 'volume', id: 'v1' },
      point,
      taken: TAKEN,
      names: [0, 1].map((number) => `volume-v1/data/${point}-${number}`),
      header: { recipients: [['age1old', OTHER], [OTHER]] },
      to: [0, 1],
    }),
  );
  const words = ['store', 'rekey', 'directory:shared'];
  const { json } = expectExit(await world.tool([...words, '--json']), 0);
  expect(json['opens']).toEqual([
    { recipient: 'age1old', given: false, resources: 1, points: 0, bytes: 16 },
    { recipient: OTHER, given: false, resources: 1, points: 1, bytes: 32, oldest: TAKEN, newest: TAKEN },
  ]);
  const { stdout } = expectExit(await world.tool([...words, '--recipients', OTHER]), 0);
  expect(stdout).toContain('Recipients that you no longer give still open what is there');
  expect(stdout).not.toContain('New recipients');
  await writeFile(file, 'damaged');
  expect(expectExit(await world.tool(words), 1).stderr).toContain(`${name} cannot be read`);
});
