import { randomBytes } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { SparseBytes } from '../fakes/cloud/index.ts';
import { type FakeS3, startS3 } from '../fakes/s3/index.ts';
import { type EmbeddedWorld, embeddedWorld } from '../scenarios/embedded.ts';
import { standing } from '../support/standing.ts';

const DATA = SparseBytes.from(randomBytes(1_500_000));
const KEYS = { id: 'AKIDEXAMPLE', secret: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' };
const VARIABLES = { AWS_ACCESS_KEY_ID: KEYS.id, AWS_SECRET_ACCESS_KEY: KEYS.secret };
let world: EmbeddedWorld;
let s3: FakeS3;

beforeAll(async () => {
  world = await embeddedWorld({ tickMs: 2, gibBytes: 4 * 1024 ** 2 });
  s3 = await startS3('backups', [KEYS]);
  await world.cloud.seed.addImage(DATA, { name: 'golden' });
  world.cloud.seed.addVolume({ name: 'db', bytes: randomBytes(1000) });
});
afterAll(async () => {
  await s3[Symbol.asyncDispose]();
  await world.close();
});

const saving = ['backup-image', '--images', 'golden'];
const run = (words: readonly string[], environment: Record<string, string> = {}) =>
  world.tool([...words, '--json'], { environment });

async function withProfile<T>(work: () => Promise<T>): Promise<T> {
  const folder = join(world.directory, '.aws');
  await mkdir(folder);
  await writeFile(
    join(folder, 'credentials'),
    `[nightly]\naws_access_key_id = ${KEYS.id}\naws_secret_access_key = ${KEYS.secret}\n`,
  );
  try {
    return await work();
  } finally {
    await rm(folder, { recursive: true });
  }
}

describe('a store in S3', () => {
  test.each([
    ['by variables', () => ['--s3-endpoint', s3.url], VARIABLES, 'variables'],
    [
      'by inputs, which stand before the variables',
      () => ['--s3-endpoint', s3.url, '--s3-access-key', 'env:ID', '--s3-secret-key', 'env:KEY'],
      {
        ID: KEYS.id,
        KEY: `${KEYS.secret}\n`,
        AWS_ACCESS_KEY_ID: 'other',
        AWS_SECRET_ACCESS_KEY: 'other',
        AWS_SESSION_TOKEN: 'of another',
      },
      'inputs',
    ],
    ['by a profile', () => ['--s3-endpoint', s3.url], { AWS_PROFILE: 'nightly' }, 'profile'],
    ['at an endpoint of its name', () => [], VARIABLES, 'query'],
  ] as const)('%s takes an image and gives it back', async (_, more, environment, prefix) => {
    const place = `s3://backups/${prefix}`;
    const name = prefix === 'query' ? `${place}?endpoint=${s3.url}&region=us-east-1` : place;
    const store = ['--store', name, ...more()];
    await withProfile(async () => {
      const saved = await run([...saving, ...store], environment);
      expect([saved.code, saved.stderr]).toEqual([0, expect.not.stringContaining('error')]);
      expect([...s3.objects.keys()].some((key) => key.startsWith(`${prefix}/`))).toBe(true);
      const manifest = ['--manifest', String(saved.json['manifest']), '--allow-unsigned'];
      const restored = await run(['restore-image', ...manifest, ...store, '--name', prefix], environment);
      expect([restored.code, restored.stderr]).toEqual([0, expect.not.stringContaining('error')]);
      const made = [...world.cloud.state.images.values()].find((image) => image.name === prefix);
      expect(made?.data?.equals(DATA)).toBe(true);
      for (const text of [saved, restored].flatMap(({ stdout, stderr }) => [stdout, stderr]))
        expect(text).not.toContain(KEYS.secret);
    });
  });

  test.each([
    [
      'a bucket that is not there',
      's3://nowhere/a',
      VARIABLES,
      [],
      /cannot write payloads into s3:\/\/nowhere\/a: HTTP 404: NoSuchBucket: .*\n +Correct the name of the bucket, or create it: openstack-backup does not\./,
    ],
    ['no credentials', 's3://backups', {}, [], /no credentials for S3/],
    [
      'half of the credentials',
      's3://backups',
      { AWS_ACCESS_KEY_ID: KEYS.id },
      [],
      /AWS_SECRET_ACCESS_KEY is not set/,
    ],
    [
      'a wrong credential',
      's3://backups/a',
      { ...VARIABLES, AWS_SECRET_ACCESS_KEY: 'no' },
      [],
      /cannot write payloads into s3:\/\/backups\/a: HTTP 403: SignatureDoesNotMatch/,
    ],
    [
      'a role and a key',
      's3://backups',
      VARIABLES,
      [
        '--store-role',
        'arn:aws:iam::1:role/x',
        '--s3-access-key',
        'env:AWS_ACCESS_KEY_ID',
        '--s3-secret-key',
        'env:AWS_SECRET_ACCESS_KEY',
      ],
      /--store-role and --s3-access-key contradict each other/,
    ],
    [
      'a role in a terminal, which has no identity',
      's3://backups',
      { AWS_ENDPOINT_URL_STS: 'https://sts.example.com' },
      ['--store-role', 'arn:aws:iam::123456789012:role/backup'],
      /identity token|workflow/,
    ],
    ['a profile that is not there', 's3://backups', { AWS_PROFILE: 'nope' }, [], /nope/],
  ])('%s is wrong input, and nothing is changed', async (_, store, environment, more, message) => {
    const before = standing(world.cloud);
    const objects = [...s3.objects.keys()];
    for (const command of [saving, ['backup-volume', '--volumes', 'db', '--method', 'image']]) {
      const told = await run([...command, '--store', store, '--s3-endpoint', s3.url, ...more], environment);
      expect([told.code, told.stderr]).toEqual([2, expect.stringMatching(message)]);
      expect(told.stderr.match(/^error: /gm)).toHaveLength(1);
      expect(told.stderr).not.toContain(KEYS.secret);
    }
    expect(standing(world.cloud)).toEqual(before);
    expect([...s3.objects.keys()]).toEqual(objects);
  });
});
