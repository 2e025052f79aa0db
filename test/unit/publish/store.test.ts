import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import { cloudOf } from '../../../src/catalog/cloud-of.ts';
import { everyManifest } from '../../../src/catalog/everything.ts';
import { findManifest } from '../../../src/catalog/find.ts';
import type { FindOptions } from '../../../src/catalog/search.ts';
import { OperationError } from '../../../src/errors.ts';
import { sealer } from '../../../src/keys/age.ts';
import type { Session } from '../../../src/openstack/connection.ts';
import { silentLog } from '../../../src/ports/log.ts';
import { ManifestRecord } from '../../../src/publish/record.ts';
import { removeManifest } from '../../../src/publish/remove.ts';
import { storePublisher } from '../../../src/publish/store.ts';
import { directoryPlace } from '../../../src/store/directory.ts';
import type { Place } from '../../../src/store/place.ts';
import { allOf, once } from '../../../src/stream/chunks.ts';
import { noCache } from '../../support/manifest-cache.ts';
import { memoryPlace } from '../../support/memory-place.ts';
import { backupPoint } from '../../support/points.ts';

const session = {
  scope: { project: { id: 'p1', name: 'demo', domain: 'Default' } },
  config: { auth: { authUrl: 'https://c.example/v3' } },
  region: () => 'R',
} as unknown as Session;

const STARTED = '2026-11-23T00:00:00.000Z';
let directory = '';
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'store-manifests-'));
});
afterEach(() => rm(directory, { recursive: true }));

const kinds: [string, () => Place, string][] = [
  [
    'a directory',
    () =>
      directoryPlace(directory, {
        run: { id: randomUUID(), owner: 'github:o/r:1:1' },
        liveness: async () => 'alive',
        now: Date.now,
      }),
    '',
  ],
  ['a bucket', () => ({ ...memoryPlace(), name: 's3://bucket/backups' }), 's3://bucket/backups/manifests/'],
  [
    'a bucket with a query',
    () => ({ ...memoryPlace(), name: 's3://bucket?endpoint=http://h' }),
    's3://bucket/manifests/',
  ],
];

describe.each(kinds)('in %s', (_kind, make, address) => {
  let place: Place;
  beforeEach(() => {
    place = make();
  });

  const options = (more: Partial<FindOptions> = {}): FindOptions => ({
    verifyKey: undefined,
    allowUnsigned: true,
    warn: () => undefined,
    directory,
    store: async (name) => {
      expect([undefined, place.name]).toContain(name);
      return place;
    },
    cache: noCache(),
    github: undefined,
    workflow: undefined,
    branch: undefined,
    wanted: ({ restorePoints }) => restorePoints,
    now: () => Date.parse('2026-12-01T00:00:00.000Z'),
    log: silentLog,
    ...more,
  });
  const namesAt = async (reference: string, more?: Partial<FindOptions>) =>
    (await findManifest(reference, options(more))).manifest.restorePoints.map(
      ({ resource }) => resource.name,
    );
  const listedNames = async (more: Partial<FindOptions> = {}) =>
    (await everyManifest([{ kind: 'store', name: undefined }], options(more))).found.map(
      ({ manifest, doubt }) => [doubt?.kind, ...manifest.restorePoints.map(({ resource }) => resource.name)],
    );
  const namesIn = async (prefix = '') => {
    const names: string[] = [];
    for await (const { name } of place.list(prefix)) names.push(name);
    return names;
  };

  async function record(
    run = '20261123T000000Z-5f2c9a01',
    { seal, at = place }: { seal?: readonly string[]; at?: Place } = {},
  ) {
    const publisher = storePublisher(at, {
      signKey: undefined,
      sealer: seal && (await sealer(seal)),
      vanishes: false,
      nameOf: () => run,
    });
    await publisher.prepare(STARTED);
    return new ManifestRecord(
      { publishers: [publisher], keep: async () => undefined, warn: () => undefined },
      cloudOf(session),
      { id: randomUUID(), tool: 'openstack-backup 1.0.0', started: STARTED, finished: null },
    );
  }

  async function killed(count: number, ...more: Parameters<typeof record>) {
    const one = await record(...more);
    for (let index = 0; index < count; index += 1)
      expect(await one.add(backupPoint({ name: `accounts-v${index}` }))).toBe(true);
    return one;
  }

  test('a manifest and what belongs to it are beside the payloads, and nothing else', async () => {
    const { published } = await (await killed(3)).finish('2026-11-23T00:10:00.000Z');
    const run = '20261123T000000Z-5f2c9a01';
    expect(await namesIn()).toEqual(
      ['RESTORE.md', 'manifest.json', 'manifest.json.sha256'].map((name) => `manifests/${run}/${name}`),
    );
    const reference = published[0]?.path ?? '';
    expect(reference).toContain(address === '' ? join(directory, 'manifests', run) : address + run);
    for (const asked of [
      reference,
      'store',
      'latest:store',
      ...(address === '' ? [] : [place.name, `latest:${place.name}`]),
    ])
      expect(await namesAt(asked)).toEqual(['accounts-v0', 'accounts-v1', 'accounts-v2']);
    expect(await listedNames()).toEqual([['unsigned', 'accounts-v0', 'accounts-v1', 'accounts-v2']]);
  });

  test('it is sealed where recipients are given, and its envelope is in clear', async () => {
    const identity = await generateIdentity();
    const one = await killed(2, undefined, { seal: [await identityToRecipient(identity)] });
    for (const _when of ['before its end', 'after it']) {
      for (const name of await namesIn())
        expect((await allOf((await place.get(name)).bytes)).toString('latin1')).not.toContain('accounts-v');
      expect(await namesAt('store', { identity })).toEqual(['accounts-v0', 'accounts-v1']);
      await one.finish(null);
    }
    expect(await namesIn()).toContain('manifests/20261123T000000Z-5f2c9a01/envelope.json');
    const { unread } = await everyManifest([{ kind: 'store', name: undefined }], options());
    expect(unread.map(({ receipt }) => receipt?.points.length)).toEqual([2]);
  });

  test.each([1, 40])('a run that was killed after %i points leaves all of them', async (count) => {
    await killed(count);
    expect(await namesAt('store')).toHaveLength(count);
    expect((await listedNames())[0]).toHaveLength(count + 1);
  });

  test.each([
    [1, 1],
    [4, 4],
    [40, 38],
  ])(
    'a run that was killed after %i points leaves how to restore %i of them by hand',
    async (count, told) => {
      const one = await killed(count);
      const books = (await namesIn()).filter((name) => name.includes('/RESTORE'));
      expect(books).toEqual([
        expect.stringMatching(/^manifests\/20261123T000000Z-5f2c9a01\/RESTORE\.\d+\.md$/),
      ]);
      const text = String(await allOf((await place.get(books[0] ?? '')).bytes));
      expect(text.match(/^## \d+\. .*accounts-v/gm)).toHaveLength(told);
      expect(text).toContain('Made from the journal beside it');
      expect(text).not.toContain('undefined');
      await one.finish(null);
      expect((await namesIn()).filter((name) => name.includes('/RESTORE'))).toEqual([
        'manifests/20261123T000000Z-5f2c9a01/RESTORE.md',
      ]);
    },
  );

  test('a runbook that cannot be put, or not removed, costs no restore point', async () => {
    const refuses = async () => Promise.reject(new OperationError('no'));
    const isBook = (name: string) => /RESTORE\.\d/.test(name);
    for (const at of [
      { ...place, put: (name, bytes) => (isBook(name) ? refuses() : place.put(name, bytes)) },
      { ...place, remove: (name) => (isBook(name) ? refuses() : place.remove(name)) },
    ] satisfies Place[]) {
      const run = at.put === place.put ? '20261124T000000Z-5f2c9a01' : '20261123T000000Z-5f2c9a01';
      const { failures } = await (await killed(3, run, { at })).finish(null);
      expect(failures).toEqual([]);
    }
    expect((await listedNames()).map((names) => names.length)).toEqual([4, 4]);
    expect((await namesIn()).filter(isBook)).toHaveLength(3);
  });

  test('one that was killed before it saved anything hides no earlier one', async () => {
    await (await killed(2, '20261101T000000Z-aaaaaaaa')).finish(null);
    await record('20261102T000000Z-bbbbbbbb');
    await place.put(
      'manifests/20261103T000000Z-cccccccc/manifest.json.journal.0.0',
      once(Buffer.from('{"run"')),
    );
    expect(await namesAt('store')).toEqual(['accounts-v0', 'accounts-v1']);
    expect(await listedNames()).toHaveLength(1);
  });

  test('where a put failed and was carried out nevertheless, nothing is lost or in doubt', async () => {
    let puts = 0;
    const at: Place = {
      ...place,
      async put(name, bytes) {
        const stored = await place.put(name, bytes);
        puts += 1;
        if (puts % 3 === 2) throw new OperationError('no answer');
        return stored;
      },
    };
    const one = await record(undefined, { at });
    for (let index = 0; index < 9; index += 1) await one.add(backupPoint({ name: `accounts-v${index}` }));
    expect(await namesAt('store')).toEqual(Array.from({ length: 9 }, (_, index) => `accounts-v${index}`));
    expect((await listedNames())[0]?.[0]).toBe('unsigned');
  });

  test('a journal without one of its pieces is not trusted', async () => {
    await killed(5);
    await place.remove('manifests/20261123T000000Z-5f2c9a01/manifest.json.journal.2.0');
    await expect(namesAt('store', { allowUnsigned: false })).rejects.toThrow('was altered');
  });

  test('it goes when it is told to, unless something else is beside', async () => {
    const remove = (reference: string) => removeManifest(reference, options());
    const one = await killed(2);
    const path = address === '' ? join(directory, 'manifests', '20261123T000000Z-5f2c9a01') : undefined;
    const early =
      path ??
      `s3://bucket${address.slice('s3://bucket'.length)}20261123T000000Z-5f2c9a01${place.name.replace(/^[^?]*/, '')}`;
    const reference = (await one.finish(null)).published[0]?.path ?? '';
    expect(reference).toBe(early);
    const other = 'manifests/20261123T000000Z-5f2c9a01/notes.txt';
    await place.put(other, once(Buffer.from('mine')));
    expect(await remove(reference)).toBe(false);
    await place.remove(other);
    expect(await remove(reference)).toBe(true);
    expect(await namesIn()).toEqual([]);
    expect(await remove(reference)).toBe(true);
    // Of a run that died only the journal is there: the last piece goes first, so that what is left is one.
    await killed(12);
    const gone: string[] = [];
    const watched: Place = {
      ...place,
      async remove(name) {
        gone.push(name);
        await place.remove(name);
      },
    };
    const pieces = (await namesIn()).filter((name) => name.includes('.journal.'));
    expect(await removeManifest(reference, { ...options(), store: async () => watched })).toBe(true);
    expect(await namesIn()).toEqual([]);
    const backwards = pieces.map((_, at) => pieces.length - 1 - at);
    const numbers = gone
      .filter((name) => name.includes('.journal.'))
      .map((name) => Number(name.split('.').at(-2)));
    expect(numbers).toEqual(address === '' ? [] : backwards);
    if (address !== '') expect(gone.at(-1)).toMatch(/RESTORE\.\d+\.md$/);
  });
});
