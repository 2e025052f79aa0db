import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { SparseBytes } from '../fakes/cloud/index.ts';
import { type FakeS3, startS3 } from '../fakes/s3/index.ts';
import { type EmbeddedWorld, embeddedWorld } from '../scenarios/embedded.ts';

const KEYS = { id: 'AKIDEXAMPLE', secret: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' };
const ACTIONS = ['s3:PutObject', 's3:GetObject', 's3:ListBucket', 's3:DeleteObject'];
let world: EmbeddedWorld;
let s3: FakeS3;
let manifest: string;

beforeAll(async () => {
  world = await embeddedWorld({ tickMs: 2, gibBytes: 4 * 1024 ** 2 });
  s3 = await startS3('backups', [KEYS]);
  await world.cloud.seed.addImage(SparseBytes.from(randomBytes(500_000)), { name: 'golden' });
  manifest = String((await run(BACKUP)).json['manifest']);
});
afterAll(async () => {
  await s3[Symbol.asyncDispose]();
  await world.close();
});

const run = (words: readonly string[]) =>
  world.tool([...words, '--store', 's3://backups/a', '--s3-endpoint', s3.url, '--json'], {
    environment: { AWS_ACCESS_KEY_ID: KEYS.id, AWS_SECRET_ACCESS_KEY: KEYS.secret },
  });

async function allowed(actions: readonly string[], words: readonly string[]) {
  s3.allowed = new Set(actions);
  try {
    return await run(words);
  } finally {
    s3.allowed = undefined;
  }
}

const BACKUP = ['backup-image', '--images', 'golden'];
const RESTORE = () => ['restore-image', '--manifest', manifest, '--allow-unsigned', '--name', 'back'];
const LIST = ['list', '--image', 'golden'];
const PRUNE = ['prune', '--keep-last', '1', '--min-copies', '1', '--allow-unsigned', '--allow-over-half'];

/** docs/permissions.md has the same. */
describe('what a credential of S3 must allow', () => {
  test('a backup needs to put; without more it is a full one', async () => {
    const told = await allowed(['s3:PutObject'], BACKUP);
    expect([told.code, told.stderr]).toEqual([
      0,
      expect.stringContaining('is stored in full: cannot list s3://backups/a: HTTP 403: AccessDenied'),
    ]);
  });

  test('an increment needs to put, get and list', async () => {
    const told = await allowed(['s3:PutObject', 's3:GetObject', 's3:ListBucket'], BACKUP);
    expect([told.code, told.stderr]).toEqual([0, expect.stringContaining('there already')]);
    expect(told.stderr).not.toContain('in full');
  });

  test('no backup begins without the right to put', async () => {
    const told = await allowed(
      ACTIONS.filter((action) => action !== 's3:PutObject'),
      BACKUP,
    );
    expect(told.code).toBe(2);
    expect(told.stderr.match(/cannot write payloads into s3:\/\/backups\/a: HTTP 403/g)).toHaveLength(1);
    expect(told.stderr).not.toContain('.proof');
  });

  test('a restore needs to get, and nothing else', async () => {
    expect((await allowed(['s3:GetObject'], RESTORE())).code).toBe(0);
    const told = await allowed(['s3:ListBucket'], RESTORE());
    expect([told.code, told.stderr]).toEqual([
      1,
      expect.stringContaining('The credential lacks a permission'),
    ]);
  });

  test('`list` needs to list, and says what it cannot see', async () => {
    const all = await allowed(['s3:ListBucket'], LIST);
    expect([all.code, all.stdout]).toEqual([0, expect.stringContaining('"state":"whole"')]);
    const none = await allowed([], LIST);
    expect([none.code, none.stdout]).toEqual([0, expect.stringContaining('"state":"unknown"')]);
    expect(none.stderr).toContain('cannot list s3://backups/a: HTTP 403');
  });

  test('prune needs to list and to delete, and says so', async () => {
    const keys = () => [...s3.objects.keys()];
    const before = keys();
    const blind = await allowed(['s3:GetObject', 's3:DeleteObject'], PRUNE);
    expect(blind.stderr).toContain('warning: cannot list s3://backups/a: HTTP 403: AccessDenied');
    const bound = await allowed(['s3:GetObject', 's3:ListBucket', 's3:PutObject'], PRUNE);
    expect([bound.code, bound.stderr]).toEqual([
      1,
      expect.stringMatching(/was not deleted: .*HTTP 403: AccessDenied/),
    ]);
    expect(keys()).toEqual(expect.arrayContaining(before));
    expect((await allowed(ACTIONS, PRUNE)).code).toBe(0);
    const maps = (all: readonly string[]) => all.filter((key) => key.includes('/maps/')).length;
    expect(maps(keys())).toBeLessThan(maps(before));
  });

  test('`store init` needs to put and get, and prints where the store is', async () => {
    const init = (keys: string) => ['store', 'init', '--keys', keys];
    const bound = await allowed(['s3:PutObject', 's3:GetObject'], init('keys'));
    expect([bound.code, bound.stderr]).toEqual([
      0,
      expect.stringContaining('not let this credential delete'),
    ]);
    expect((await allowed(['s3:PutObject'], init('others'))).code).toBe(1);
    const words = ['--store', 's3://backups/a', '--s3-endpoint', s3.url, '--s3-region', 'us-east-1'];
    const environment = { AWS_ACCESS_KEY_ID: KEYS.id, AWS_SECRET_ACCESS_KEY: KEYS.secret };
    const { stdout } = await world.tool([...init('more'), ...words], { environment });
    expect(stdout).toContain(`BACKUP_STORE --body 's3://backups/a?endpoint=${s3.url}&region=us-east-1'`);
  });

  test('`store rekey` and `verify` need to list and get', async () => {
    const reading = ['s3:ListBucket', 's3:GetObject'];
    expect((await allowed(reading, ['store', 'rekey'])).code).toBe(0);
    const verified = await allowed(reading, ['verify', '--level', 'L1a']);
    expect([verified.code, verified.stdout]).toEqual([0, expect.stringContaining('L1a')]);
  });
});
