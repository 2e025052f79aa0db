import { generateKeyPairSync, sign } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { allManifests, type EverythingOptions } from '../../../src/catalog/everything.ts';
import { doubtOf, type FoundManifest } from '../../../src/catalog/read.ts';
import { serialize, sha256 } from '../../../src/manifest/parse.ts';
import { noCache } from '../../support/manifest-cache.ts';
import { backupPoint, manifestWith } from '../../support/points.ts';

const [own, other] = [generateKeyPairSync('ed25519'), generateKeyPairSync('ed25519')];
const bytes = Buffer.from('{}');
const signedBy = ({ privateKey }: typeof own) => sign(null, bytes, privateKey).toString('base64');
const found: FoundManifest = {
  name: 'it',
  file: 'manifest.json',
  bytes,
  digests: [sha256(bytes)],
  signatures: [],
  vouched: false,
};
const [mine, theirs] = [{ signatures: [signedBy(own)] }, { signatures: [signedBy(other)] }];
const altered = { digests: ['0'.repeat(64)] };
const key = own.publicKey;

test.each<[string, Partial<FoundManifest>, typeof key | undefined]>([
  ['signed by the key', mine, key],
  ['signed by several, the key among them', { signatures: [signedBy(other), signedBy(own)] }, key],
  ['of a place that vouches for it', { vouched: true }, undefined],
  ['of such a place, and signed by a key that nobody has', { ...theirs, vouched: true }, undefined],
  ['of a rewrite that was cut short', { ...mine, digests: ['0'.repeat(64), sha256(bytes)] }, key],
])('a manifest that is %s is trusted', (_, fields, verifyKey) => {
  expect(doubtOf({ ...found, ...fields }, verifyKey)).toBeUndefined();
});

test.each<[string, Partial<FoundManifest>, typeof key | undefined, RegExp]>([
  ['not signed', {}, undefined, /^is not signed$/],
  ['not signed, where a key is asked for', {}, key, /^is not signed$/],
  ['not signed, whatever vouches for it, where a key is asked for', { vouched: true }, key, /is not signed/],
  ['signed by another key, whatever vouches for it', { ...theirs, vouched: true }, key, /a key other than/],
  ['signed, where there is no key to check that', mine, undefined, /no `verify-key` was given/],
  ['altered', altered, undefined, /its SHA-256 is/],
  ['altered, whatever vouches for it', { ...altered, vouched: true }, undefined, /its SHA-256 is/],
  ['altered, though its signature holds', { ...altered, ...mine }, key, /its SHA-256 is/],
])('a manifest that is %s is doubted', (_, fields, verifyKey, what) => {
  expect(doubtOf({ ...found, ...fields }, verifyKey)?.what).toMatch(what);
});

test('only what bears no signature, where nobody gave a key, is called unsigned', () => {
  expect(doubtOf(found, undefined)?.kind).toBe('unsigned');
  for (const [fields, verifyKey] of [
    [{}, key],
    [altered, undefined],
    [mine, undefined],
    [theirs, key],
  ] as const)
    expect(doubtOf({ ...found, ...fields }, verifyKey)).toEqual({
      what: expect.any(String),
      hint: expect.any(String),
    });
});

test('a copy without a signature does not hide that another copy of it was altered', async () => {
  const text = serialize(manifestWith(backupPoint()));
  const digests = [sha256(text), '0'.repeat(64)];
  for (const order of [digests, digests.toReversed()]) {
    const home = await mkdtemp(join(tmpdir(), 'copies-'));
    for (const [index, digest] of order.entries()) {
      const directory = join(home, `copy-${index}`);
      await mkdir(directory);
      await writeFile(join(directory, 'manifest.json'), text);
      await writeFile(join(directory, 'manifest.json.sha256'), `${digest}  manifest.json\n`);
    }
    const options = {
      directory: home,
      verifyKey: undefined,
      cache: noCache(),
    } as unknown as EverythingOptions;
    const { found: all } = await allManifests([{ kind: 'directory', path: home }], options);
    await rm(home, { recursive: true });
    expect(all.map(({ doubt }) => doubt?.what)).toEqual([expect.stringContaining('was altered')]);
  }
});
