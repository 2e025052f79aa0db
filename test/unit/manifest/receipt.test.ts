import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import { findFile } from '../../../src/catalog/directory.ts';
import { receiptIn } from '../../../src/catalog/read.ts';
import { sealer } from '../../../src/keys/age.ts';
import { marked, parseReceipt, receiptOf } from '../../../src/manifest/receipt.ts';
import type { Manifest, RestorePoint } from '../../../src/manifest/schema.ts';
import { packageOf } from '../../../src/publish/package.ts';

const STARTED = '2026-11-25T02:00:00.000Z';
const TAKEN = '2026-11-25T02:00:07.000Z';
/** The id of a point. */
const AWAY = '5f2c9a01-2222-4111-8111-111111111111';
const volume = { kind: 'volume', id: 'v-1', name: 'db', size: 10, encryption: null };
const backed = {
  id: 'p-1',
  method: 'cinder-backup',
  resource: volume,
  backup: { id: 'b-1', dataTimestamp: TAKEN },
};
const away = {
  id: AWAY,
  method: 'image',
  resource: { ...volume, id: 'v-2', encryption: { key: { worth: 'sealed, proved' } } },
  image: { id: 'i-2', created: '2026-11-25T02:00:09.000Z' },
  payload: { name: 'x', stored: { size: 7, sha256: 'a'.repeat(64) } },
};
const server = {
  id: 'p-3',
  method: 'disks',
  resource: { kind: 'server', id: 's-1', name: 'shop', disks: [{ point: 'p-1' }, { point: AWAY }] },
};
const secret = { id: 'p-4', method: 'sealed', resource: { kind: 'secret', id: 'k-1', name: 'key' } };
/** Of a manifest all that a receipt looks at, and names that it must not show. */
const manifest = {
  format: 'openstack-backup manifest',
  version: 1,
  run: { id: '5f2c9a01-1111-4111-8111-111111111111', tool: 't', started: STARTED, finished: null },
  cloud: {
    authUrl: 'https://c.example/v3',
    region: 'R',
    project: { id: 'p-id', name: 'p-name', domain: 'D' },
  },
  restorePoints: [backed, away, server, secret] as unknown as RestorePoint[],
  failed: [{ kind: 'image', id: 'i-9', name: 'golden', error: 'no room for golden' }],
} as Manifest;

test('what was saved when, and where the cloud has it', () => {
  const inCloud = { of: 'volume', method: 'cinder-backup', inCloud: marked('b-1'), mayStay: false };
  const outside = { of: 'volume', method: 'image', inCloud: undefined, mayStay: true };
  const receipt = {
    where: marked('p-id', 'R'),
    started: STARTED,
    points: [
      { kind: 'volume', resource: marked('volume', 'v-1'), time: TAKEN, key: undefined, pieces: [inCloud] },
      {
        kind: 'volume',
        resource: marked('volume', 'v-2'),
        time: '2026-11-25T02:00:09.000Z',
        key: 'saved',
        pieces: [outside],
        stored: { point: AWAY, size: 7, sha256: 'a'.repeat(64) },
      },
      {
        kind: 'server',
        resource: marked('server', 's-1'),
        time: '2026-11-25T02:00:09.000Z',
        key: undefined,
        pieces: [inCloud, outside],
      },
      { kind: 'secret', resource: marked('secret', 'k-1'), time: STARTED, key: undefined, pieces: [] },
    ],
    failed: [marked('image', 'i-9')],
  };
  expect(receiptOf(manifest)).toEqual(receipt);
  expect(parseReceipt(JSON.stringify({ receipt: receiptOf(manifest) }))).toEqual(receipt);
});

test('it shows no id and no name', () => {
  const text = JSON.stringify(receiptOf(manifest));
  for (const told of [
    'v-1',
    'v-2',
    's-1',
    'k-1',
    'b-1',
    'i-2',
    'i-9',
    'p-1',
    'p-id',
    'p-name',
    'db',
    'shop',
    'golden',
    '"R"',
  ])
    expect(text).not.toContain(told);
  expect(marked('a', 'b')).not.toBe(marked('a b'));
});

describe('on the envelope of a sealed manifest', () => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');

  const foundWith = async (key: typeof privateKey | undefined, change?: (text: string) => string) => {
    const directory = await mkdtemp(join(tmpdir(), 'receipt-'));
    const seal = await sealer([await identityToRecipient(await generateIdentity())]);
    const made = await packageOf({ ...manifest, restorePoints: [] }, key, seal);
    for (const [name, bytes] of Object.entries(made.files))
      await writeFile(
        join(directory, name),
        name === 'envelope.json' && change ? change(String(bytes)) : bytes,
      );
    const found = await findFile(directory);
    await rm(directory, { recursive: true });
    return found;
  };

  test('it is read without an identity', async () => {
    expect(receiptIn(await foundWith(undefined), undefined)).toEqual({ ...receiptOf(manifest), points: [] });
  });

  test.each([
    ['is signed', privateKey, undefined, true],
    ['is not signed', undefined, undefined, false],
    ['was altered', privateKey, (text: string) => text.replace('"failed": [', '"failed": ["x",'), false],
  ])('where it must be signed, one that %s', async (_, key, change, counts) => {
    expect(receiptIn(await foundWith(key, change), publicKey) !== undefined).toBe(counts);
  });

  test.each([
    ['no JSON', () => '{'],
    ['of before there were any', () => '{"format": "openstack-backup envelope"}'],
    ['with a kind that is none', (text: string) => text.replace('"points": []', '"points": [{"kind": "x"}]')],
    [
      'with a time that is none',
      (text: string) => text.replace(STARTED, 'yesterday').replace(STARTED, 'yesterday'),
    ],
  ])('one %s says nothing', async (_, change) => {
    expect(receiptIn(await foundWith(undefined, change), undefined)).toBeUndefined();
  });
});
