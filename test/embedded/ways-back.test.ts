import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import { SparseBytes } from '../fakes/cloud/index.ts';
import { type FakeS3, startS3 } from '../fakes/s3/index.ts';
import { startWorld, type World } from '../support/github.ts';
import { runPrinted } from '../support/printed.ts';
import { type Outcome, runStep } from '../support/step.ts';

jest.setTimeout(60_000);

const KEYS = { id: 'AKIDEXAMPLE', secret: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' };
const AWS = { AWS_ACCESS_KEY_ID: KEYS.id, AWS_SECRET_ACCESS_KEY: KEYS.secret };
const DATA = SparseBytes.from(randomBytes(500_000));

let world: World;
let s3: FakeS3;
/** Of a person, on another machine. */
let directory: string;
beforeEach(async () => {
  world = await startWorld();
  s3 = await startS3('backups', [KEYS]);
  world.cloud.seed.addContainer('backups');
  world.cloud.seed.addVolume({ name: 'db' });
  await world.cloud.seed.addImage(DATA, { name: 'golden' });
  directory = await mkdtemp(join(tmpdir(), 'person-'));
});
afterEach(async () => {
  await s3[Symbol.asyncDispose]();
  await world[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
});

async function saved(action: string, inputs: Record<string, string>, environment = {}): Promise<Outcome> {
  const outcome = await runStep(world.job, { action, inputs, environment: { ...AWS, ...environment } });
  expect([outcome.code, outcome.stderr]).toEqual([0, '']);
  return outcome;
}

/** The lines that the page of a run shows to be copied. */
function printed({ summary }: Outcome): string[] {
  const [, block = ''] = /```sh\n(.*?)\n```/s.exec(summary) ?? [];
  return block.split('\n');
}

/** Whoever copies them has credentials, and knows nothing else of the store. */
const copied = (lines: readonly string[]) =>
  runPrinted(lines, { directory, environment: { ...world.cloud.openrc(), ...AWS } });

const imagesNow = () =>
  [...world.cloud.state.images.values()].filter(({ name, data }) => name === 'golden' && data?.equals(DATA));

describe('the command on the page of a run restores on another machine', () => {
  test('what is in S3, at the endpoint and the region of inputs, manifest and all', async () => {
    const run = await saved('backup-image', {
      images: 'golden',
      publish: 'store',
      store: 's3://backups/nightly',
      's3-endpoint': s3.url,
      's3-region': 'us-east-1',
    });
    const lines = printed(run);
    const where = `'s3://backups/nightly?endpoint=${s3.url}&region=us-east-1'`;
    expect(lines).toEqual([expect.stringContaining(` --store ${where} `)]);
    expect(await copied(lines)).toMatchObject({ code: 0 });
    expect(imagesNow()).toHaveLength(2);
  });

  test('what is in S3, at the endpoint of the variables, sealed', async () => {
    const identity = await generateIdentity();
    await writeFile(join(directory, 'identity.txt'), identity);
    const inputs = {
      images: 'golden',
      publish: 'store',
      store: 's3://backups',
      recipients: await identityToRecipient(identity),
    };
    s3.region = 'eu-west-1';
    const variables = { AWS_ENDPOINT_URL_S3: s3.url, AWS_REGION: 'eu-west-1' };
    const lines = printed(await saved('backup-image', inputs, variables));
    expect(await copied(lines)).toMatchObject({ code: 0 });
    expect(imagesNow()).toHaveLength(2);
  });

  test('a Cinder backup whose manifest alone is in S3, at an endpoint that `publish` names', async () => {
    const publish = `s3://backups/manifests-only?endpoint=${s3.url}`;
    const lines = printed(await saved('backup-volume', { volumes: 'db', publish }));
    expect(lines.join('\n')).not.toContain('--store');
    expect(await copied(lines)).toMatchObject({ code: 0 });
    expect([...world.cloud.state.volumes.values()].filter(({ name }) => name === 'db')).toHaveLength(2);
  });

  test('what is in Swift', async () => {
    const store = 'swift://backups/nightly';
    const lines = printed(await saved('backup-image', { images: 'golden', publish: 'store', store }));
    expect(lines).toEqual([expect.stringContaining(` --store ${store} `)]);
    expect(await copied(lines)).toMatchObject({ code: 0 });
    expect(imagesNow()).toHaveLength(2);
  });
});
