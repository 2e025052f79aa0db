import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import { readManifest } from '../../../src/catalog/directory.ts';
import { opener, sealer } from '../../../src/keys/age.ts';
import { headOf } from '../../../src/manifest/journal.ts';
import type { Manifest } from '../../../src/manifest/schema.ts';
import type { GitHub, Here } from '../../../src/ports/github.ts';
import { expiryDoubt } from '../../../src/publish/expiry.ts';
import { parsePending, readSpool, Spool } from '../../../src/publish/github/pending.ts';
import { checkTag } from '../../../src/publish/github/release.ts';
import { packageOf } from '../../../src/publish/package.ts';
import { publishers, publishPlace } from '../../../src/publish/publish.ts';
import type { PlaceName } from '../../../src/store/place-name.ts';
import { memoryPlace } from '../../support/memory-place.ts';
import { backupPoint, manifestWith } from '../../support/points.ts';

const unseal = async (bytes: Uint8Array, identity: string | undefined, what: string) =>
  (await opener(identity, what)).open(bytes, what);

const options = {
  directory: '/',
  run: { id: '00000000-0000-4000-8000-000000000000', started: '2026-11-23T00:00:00.000Z' },
  signKey: undefined,
  github: undefined,
  recipients: [] as readonly string[],
  releaseTag: undefined as string | undefined,
  store: async () => memoryPlace(),
  expiryDays: 0,
  expiry: 'warn' as 'warn' | 'any',
  warn: () => undefined,
};

const hosted: Here = {
  repository: 'o/r',
  repositoryId: 1,
  runId: 1,
  attempt: 1,
  workflow: undefined,
  event: undefined,
  ref: undefined,
  vanishes: true,
  retentionDays: 30,
};

/** Of a repository that is public or not, without anything that is asked of it later. */
const githubThat = (isPublic: boolean) =>
  ({
    here: hosted,
    repository: async () => ({ id: 1, isPublic, defaultBranch: 'main' }),
    artifacts: { problem: undefined },
    scratch: async () => '/nonexistent',
  }) as unknown as GitHub;

describe('a place', () => {
  test.each([
    ['directory:a:b', { kind: 'directory', path: 'a:b' }],
    ['artifact', { kind: 'artifact' }],
    ['release', { kind: 'release' }],
    ['store', { kind: 'store', name: undefined }],
    ['s3://bucket/a', { kind: 'store', name: 's3://bucket/a' }],
    ['swift://container', { kind: 'store', name: 'swift://container' }],
  ])('%s', (name, expected) => expect(publishPlace(name, true)).toEqual(expected));

  test.each(['artifact', 'release'])('%s is none in a terminal', (name) =>
    expect(() => publishPlace(name, false)).toThrow('works only in a workflow on GitHub'),
  );

  test.each(['', 'directory:', 's3:x', 's3://', 'stores', 'artifacts'])('%j is none', (name) =>
    expect(() => publishPlace(name, true)).toThrow('`publish` is'),
  );

  test('a terminal has a directory where none is named', async () => {
    expect(await publishers([], options)).toHaveLength(1);
  });

  test.each([[['directory:a'], { releaseTag: 'v1' }, '`release-tag` is for `publish: release`']])(
    '%j with %j is refused',
    async (places, given, said) => {
      await expect(publishers(places, { ...options, ...given })).rejects.toThrow(said);
    },
  );
});

describe('a manifest in a public repository', () => {
  const [open, closed] = [githubThat(true), githubThat(false)];

  test.each([[['artifact']], [['directory:a', 'artifact']], [[]]])(
    'does not go to %j in clear',
    async (places) => {
      await expect(publishers(places, { ...options, github: open })).rejects.toThrow(
        'would show the manifest to everybody: o/r is public',
      );
    },
  );

  test('goes there sealed, and in clear where nobody else can read it', async () => {
    const recipients = [await identityToRecipient(await generateIdentity())];
    expect(await publishers(['artifact'], { ...options, github: open, recipients })).toHaveLength(1);
    expect(await publishers(['directory:a'], { ...options, github: open })).toHaveLength(1);
    expect(await publishers(['artifact'], { ...options, github: closed })).toHaveLength(1);
  });
});

describe('how long a manifest is kept', () => {
  test('is refused where it shall outlive its artifact, and else told', async () => {
    const said: string[] = [];
    const given = { ...options, github: githubThat(false), warn: (line: string) => void said.push(line) };
    await expect(publishers(['artifact'], { ...given, expiry: 'outlive' })).rejects.toThrow(
      'expires after 30 days, but the backups do not, which `expiry: outlive` does not allow',
    );
    expect(said).toEqual([]);
    expect(await publishers(['artifact'], given)).toHaveLength(1);
    expect(said).toEqual([expect.stringContaining('expires after 30 days')]);
    expect(await publishers(['artifact'], { ...given, expiry: 'any' })).toHaveLength(1);
    expect(said).toHaveLength(1);
  });

  const artifact: PlaceName = { kind: 'artifact' };
  const release: PlaceName = { kind: 'release' };
  const directory: PlaceName = { kind: 'directory', path: 'x' };
  const store: PlaceName = { kind: 'store', name: undefined };
  const cases: [string, PlaceName[], number, Here | undefined, string | undefined, { name: string }[]?][] = [
    ['an artifact', [artifact], 0, hosted, 'after 30 days'],
    ['one for a day', [artifact], 1, hosted, 'after 1 day,'],
    ['one for longer than the repository keeps any', [artifact], 90, hosted, 'after 30 days'],
    [
      'where the repository does not say',
      [artifact],
      0,
      { ...hosted, retentionDays: undefined },
      'after 90 days',
    ],
    ['a directory of a hosted runner', [directory], 0, hosted, 'gone when the job ends'],
    ['both', [artifact, directory], 0, hosted, 'after 30 days'],
    ['a release beside', [artifact, release], 0, hosted, undefined],
    ['a directory of our own runner', [artifact, directory], 0, { ...hosted, vanishes: false }, undefined],
    ['a terminal', [directory], 0, undefined, undefined],
    ['a store', [artifact, store], 0, hosted, undefined, [{ name: 's3://bucket' }]],
    ['a store that is a directory of a hosted runner', [store], 0, hosted, 'gone when', [{ name: '/store' }]],
    ['one of our own runner', [store], 0, { ...hosted, vanishes: false }, undefined, [{ name: '/store' }]],
  ];
  test.each(cases)('%s', (_what, places, days, here, said, stores = []) => {
    const doubt = expiryDoubt(places, days, here, stores);
    if (said === undefined) expect(doubt).toBeUndefined();
    else expect(doubt?.what).toContain(said);
  });
});

describe('a tag', () => {
  test.each(['v1', 'backups/2026-11-23', 'a.b_c+d'])('%s', (tag) => expect(checkTag(tag)).toBe(tag));
  test.each([
    '',
    '-x',
    'a..b',
    'a b',
    'a//b',
    '/a',
    'a/',
    'a~1',
    'a.lock',
    'a.',
    '.a',
    'x\ny',
    'a'.repeat(201),
    '$(id)',
  ])('%j is none', (tag) => expect(() => checkTag(tag)).toThrow('not a valid Git tag'));
});

describe('a sealed manifest that was downloaded', () => {
  test('is read from its directory with the identity, its signature checked without', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'sealed-'));
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const identity = await generateIdentity();
    const manifest: Manifest = {
      format: 'openstack-backup manifest',
      version: 1,
      run: { id: options.run.id, tool: 't', started: options.run.started, finished: null },
      cloud: { authUrl: 'https://c.example/v3', region: 'R', project: { id: 'p', name: 'p', domain: 'D' } },
      restorePoints: [],
      failed: [],
    };
    const made = await packageOf(manifest, privateKey, await sealer([await identityToRecipient(identity)]));
    for (const [name, bytes] of Object.entries(made.files)) await writeFile(join(directory, name), bytes);
    const sealed = made.files['RESTORE.md.age'] ?? Buffer.alloc(0);
    const book = await (await opener(identity, 'it')).open(sealed, 'it');
    expect(book.toString('utf8')).toContain(made.sha256);
    expect(Object.keys(made.files)).not.toContain('RESTORE.md');
    expect(String(made.files['envelope.json'])).toContain('RESTORE.md.age');
    const trust = { verifyKey: publicKey, allowUnsigned: false, warn: () => undefined };
    const read = await readManifest(directory, { ...trust, identity });
    expect([read.manifest, read.sha256]).toEqual([manifest, made.sha256]);
    await expect(readManifest(directory, trust)).rejects.toThrow('is sealed');
    await writeFile(join(directory, 'manifest.json.age'), 'altered');
    await expect(readManifest(directory, { ...trust, identity })).rejects.toThrow('was altered');
    await rm(directory, { recursive: true });
  });
});

describe('what the post finds', () => {
  test('is what the step left', () => {
    const artifact = { place: 'artifact', name: 'n', days: 0, file: '/f' };
    const release = { place: 'release', release: 1, tag: 't', file: '/f' };
    for (const pending of [artifact, release]) expect(parsePending(JSON.stringify(pending))).toEqual(pending);
  });

  test.each(['', 'null', '{}', '[]', '{"place":"artifact","file":1}', '{"place":"x","file":"/f"}', '{'])(
    '%j is nothing',
    (text) => expect(parsePending(text)).toBeUndefined(),
  );

  test('are the files, whole or none', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'spool-'));
    const spool = new Spool(directory, 'artifact', undefined, undefined);
    expect(await readSpool(spool.file)).toBeUndefined();
    const manifest = manifestWith();
    await spool.keep([headOf(manifest), { cloud: manifest.cloud }], manifest);
    // Nothing was saved yet.
    expect(await readSpool(spool.file)).toBeUndefined();
    const point = backupPoint();
    manifest.restorePoints.push(point);
    await spool.keep([{ point }], manifest);
    const { files } = await packageOf(manifest, undefined, undefined);
    expect(await readSpool(spool.file)).toEqual({ files, points: [point.id] });
    await spool.remove();
    expect(await readSpool(spool.file)).toBeUndefined();
    await rm(directory, { recursive: true });
  });
});

describe('sealing', () => {
  test('is for each recipient, and for nobody else', async () => {
    const identities = [await generateIdentity(), await generateIdentity()];
    const recipients = await Promise.all(identities.map(identityToRecipient));
    const text = Buffer.from('a manifest');
    const sealed = await (await sealer(recipients)).seal(text);
    expect(Buffer.from(sealed).toString('latin1')).not.toContain('a manifest');
    for (const identity of identities) expect(await unseal(sealed, identity, 'x')).toEqual(text);
    await expect(unseal(sealed, await generateIdentity(), 'x')).rejects.toThrow('not sealed to this');
    await expect(unseal(sealed, undefined, 'x')).rejects.toThrow('x is sealed');
    await expect(unseal(sealed, 'nonsense', 'x')).rejects.toThrow('is not an age identity');
  });

  test('that was altered is not opened', async () => {
    const identity = await generateIdentity();
    const sealed = await (await sealer([await identityToRecipient(identity)])).seal(
      Buffer.from('a manifest'),
    );
    for (const at of [0, 60, sealed.length - 1]) {
      const changed = Uint8Array.from(sealed);
      changed[at] = (changed[at] ?? 0) ^ 1;
      await expect(unseal(changed, identity, 'x')).rejects.toThrow(/cannot be opened|not sealed to this/);
    }
  });

  test.each(['age1x', 'ssh-ed25519 AAAA', 'AGE-SECRET-KEY-1QQQ'])(
    '%s is no recipient, and not shown',
    async (text) => {
      await expect(sealer([text])).rejects.toThrow('`recipients`: number 1 of 1 is not an age recipient');
      await expect(sealer([text])).rejects.not.toThrow(text);
    },
  );
});
