import { generateKeyPairSync } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import { readManifest } from '../../../src/catalog/directory.ts';
import { foundIn, type ReadOptions, readFound } from '../../../src/catalog/read.ts';
import { sealer } from '../../../src/keys/age.ts';
import {
  headOf,
  JOURNAL_FILE,
  JournalWriter,
  journalFile,
  parseJournal,
} from '../../../src/manifest/journal.ts';
import type { Manifest, RestorePoint } from '../../../src/manifest/schema.ts';
import type { Files, GitHub } from '../../../src/ports/github.ts';
import { silentLog } from '../../../src/ports/log.ts';
import { DirectoryWriter } from '../../../src/publish/directory.ts';
import { readSpool, Spool } from '../../../src/publish/github/pending.ts';
import { finishPending } from '../../../src/publish/github/post.ts';
import { backupPoint } from '../../support/points.ts';

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const stranger = generateKeyPairSync('ed25519');
const NAMES = ['first', 'second', 'third'];
/** So many that the manifest is not written for each any more. */
const MANY = Array.from({ length: 45 }, (_, index) => `volume-${index}`);

let directory = '';
const warnings: string[] = [];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'journal-'));
  warnings.length = 0;
});
afterEach(() => rm(directory, { recursive: true }));

const options = (more: Partial<ReadOptions> = {}): ReadOptions => ({
  verifyKey: publicKey,
  allowUnsigned: false,
  warn: (line) => warnings.push(line),
  ...more,
});
const namesOf = ({ manifest }: { manifest: Manifest }) =>
  manifest.restorePoints.map(({ resource }) => resource.name);
const file = () => join(directory, JOURNAL_FILE);
const namesIn = async (more?: Partial<ReadOptions>) => namesOf(await readManifest(directory, options(more)));

function manifestOf(points: readonly RestorePoint[]): Manifest {
  return {
    format: 'openstack-backup manifest',
    version: 1,
    run: {
      id: '11111111-1111-4111-8111-111111111111',
      tool: 'openstack-backup 1.0.0',
      started: '2026-11-23T00:00:00.000Z',
      finished: null,
    },
    cloud: { authUrl: 'https://c.example/v3', region: 'R', project: { id: 'p', name: 'p', domain: 'D' } },
    restorePoints: [...points],
    failed: [],
  };
}

/** The run is killed after that: its last restore points may stand in the journal alone. */
async function killed(
  keep: (point: RestorePoint, manifest: Manifest) => Promise<void>,
  names = NAMES,
): Promise<Manifest> {
  const manifest = manifestOf([]);
  for (const name of names) {
    const point = backupPoint({ name });
    manifest.restorePoints.push(point);
    await keep(point, manifest);
  }
  return manifest;
}

/** As a record does it: the head goes before the first. */
const entriesOf = (point: RestorePoint, manifest: Manifest) =>
  manifest.restorePoints.length > 1 ? [{ point }] : [headOf(manifest), { cloud: manifest.cloud }, { point }];

const signedJournal = (key = privateKey) => {
  const writer = new JournalWriter(journalFile(file()), key, undefined);
  return killed((point, manifest) => writer.add(...entriesOf(point, manifest)));
};

test('every name lasts before what it replaces goes, also when the power fails', async () => {
  const run = join(directory, 'run');
  const writer = new DirectoryWriter(run, privateKey);
  const lasting: string[][] = [];
  const inode = () => statSync(run, { throwIfNoEntry: false })?.ino;
  await using file = await open(directory, 'r');
  const prototype = Object.getPrototypeOf(file) as typeof file;
  const { sync } = prototype;
  using _spy = jest.spyOn(prototype, 'sync').mockImplementation(async function (this: typeof file) {
    const { ino } = await this.stat();
    if (ino === (await file.stat()).ino) lasting.push(readdirSync(directory));
    if (ino === inode()) lasting.push(readdirSync(run).filter((name) => !name.endsWith('.new')));
    return sync.call(this);
  });
  await writer.prepare();
  expect(lasting).toContainEqual(['run']);
  lasting.length = 0;
  const [entry, manifest] = [backupPoint({ name: 'first' }), manifestOf([])];
  manifest.restorePoints.push(entry);
  await writer.keep(entriesOf(entry, manifest), manifest);
  expect(lasting.shift()).toEqual([JOURNAL_FILE]);
  lasting.length = 0;
  await writer.finish(manifest);
  expect(lasting.at(-1)).toEqual(
    expect.arrayContaining(['RESTORE.md', 'manifest.json', JOURNAL_FILE, 'manifest.json.sha256']),
  );
});

describe('a signed journal', () => {
  test('is read with the key, and what it comes to is what was saved', async () => {
    const writer = new DirectoryWriter(directory, privateKey);
    const manifest = await killed((point, so) => writer.keep(entriesOf(point, so), so));
    const read = await readManifest(directory, options());
    expect(read.manifest).toEqual(manifest);
    expect(read.path).toBe(file());
    expect(warnings).toEqual([]);
  });

  test('is as little trusted as a manifest without the key, or with another', async () => {
    await signedJournal();
    await expect(namesIn({ verifyKey: undefined })).rejects.toThrow('no `verify-key` was given');
    await expect(namesIn({ verifyKey: stranger.publicKey })).rejects.toThrow('a key other than `verify-key`');
  });

  test('of a stranger is not taken for one of ours, whatever manifest lies beside', async () => {
    await new DirectoryWriter(directory, privateKey).write(manifestOf([]));
    await signedJournal(stranger.privateKey);
    await expect(namesIn()).rejects.toThrow('a key other than `verify-key`');
  });

  test('is not trusted without signatures where a key is given', async () => {
    const writer = new JournalWriter(journalFile(file()), undefined, undefined);
    await killed((point, manifest) => writer.add(...entriesOf(point, manifest)));
    await expect(namesIn()).rejects.toThrow('is not signed');
    expect(await namesIn({ verifyKey: undefined, allowUnsigned: true })).toEqual(NAMES);
  });

  test('with any line altered, left out or moved is refused', async () => {
    await signedJournal();
    const lines = (await readFile(file(), 'utf8')).trimEnd().split('\n');
    const spoilt = lines.slice(0, -1).flatMap((line, at) => {
      const swapped = [...lines.slice(0, at), lines[at + 1] ?? '', line, ...lines.slice(at + 2)];
      return [lines.with(at, line.replace(/[a-f0-9]/, 'X')), lines.toSpliced(at, 1), swapped];
    });
    expect(spoilt.length).toBe(3 * (lines.length - 1));
    for (const text of spoilt) {
      await writeFile(file(), `${text.join('\n')}\n`);
      // Without its last line of digest and signature it is as if the run had died earlier: what is before holds.
      const said = await namesIn().catch((error: Error) => error.message);
      if (typeof said === 'string') expect(said).toMatch(/was altered/);
      else expect(said).toEqual(NAMES.slice(0, 2));
    }
  });

  test('with a line of digest that was made to fit is refused for its signature', async () => {
    await signedJournal();
    const text = await readFile(file(), 'utf8');
    const head = text.slice(0, text.indexOf('{"check"'));
    const forged = new JournalWriter(journalFile(file()), undefined, undefined);
    await forged.add(
      ...head
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line.replace('first', 'other'))),
    );
    const made = (await readFile(file(), 'utf8')).trimEnd().split('\n');
    const { check } = JSON.parse(made.at(-1) ?? '');
    const old = JSON.parse(text.slice(text.indexOf('{"check"')).split('\n')[0] ?? '');
    made[made.length - 1] = JSON.stringify({ check: { ...check, signature: old.check.signature } });
    await writeFile(file(), `${made.join('\n')}\n`);
    await expect(namesIn()).rejects.toThrow('was altered, or signed with a key other than');
  });

  test.each(['null', '7', '"x"', '[]', '{}', '{"sha256":7}', '{"sha256":"x","signature":7}'])(
    'whose line of digest is %s is no digest, and altered',
    async (check) => {
      await writeFile(file(), `{"point":{}}\n{"check":${check}}\n`);
      expect(parseJournal(await readFile(file()))).toMatchObject({ altered: true, lines: [] });
      await expect(namesIn()).rejects.toThrow('was altered');
    },
  );

  test.each(['null', '7', '[]', '"x"', '{"point":null}', '{"run":7}', '{"sealed":7}', '{"sealed":"x"}'])(
    'that is whole and has the line %s is no manifest',
    async (line) => {
      const writer = new JournalWriter(journalFile(file()), privateKey, undefined);
      await writer.add(JSON.parse(line));
      await expect(namesIn()).rejects.toMatchObject({ exitCode: 2 });
    },
  );
});

describe('a sealed journal', () => {
  async function sealedSpool() {
    const identity = await generateIdentity();
    const seal = await sealer([await identityToRecipient(identity)]);
    const spool = new Spool(directory, 'artifact', privateKey, seal);
    const manifest = await killed((point, so) => spool.keep(entriesOf(point, so), so), MANY);
    const spooled = await readSpool(spool.file);
    if (spooled === undefined) throw new Error('the post finds nothing');
    return { identity, manifest, spooled, file: spool.file };
  }

  test('goes with the post, which opens nothing and knows what is in it', async () => {
    const { manifest, spooled } = await sealedSpool();
    expect(spooled.points).toEqual(manifest.restorePoints.map(({ id }) => id));
    expect(Object.keys(spooled.files)).toContain(JOURNAL_FILE);
    for (const [name, bytes] of Object.entries(spooled.files))
      for (const word of [...MANY, 'c.example'])
        expect([name, Buffer.from(bytes).includes(word)]).toEqual([name, false]);
  });

  test('is published by the post of a step that was killed, and what stands in it counts as published', async () => {
    const { identity, manifest, file: spooled } = await sealedSpool();
    const uploaded: Files[] = [];
    const artifacts = {
      upload: async (_name: string, files: Files) => void uploaded.push(files),
    };
    const pending = { place: 'artifact', name: 'n', days: 0, file: spooled } as const;
    const published = await finishPending({ artifacts } as unknown as GitHub, pending, silentLog);
    expect(published).toEqual(manifest.restorePoints.map(({ id }) => id));
    const found = foundIn('artifact n', uploaded[0] ?? {}, true);
    expect((await readFound(found, options({ identity }))).manifest).toEqual(manifest);
    // What the whole manifest beside it says is older.
    const older = { ...uploaded[0] };
    delete older[JOURNAL_FILE];
    const beside = await readFound(foundIn('artifact n', older, true), options({ identity }));
    expect(beside.manifest.restorePoints).toEqual(manifest.restorePoints.slice(0, 40));
  });

  test('is read by whom it is sealed to, its signature checked, and by nobody else', async () => {
    const { identity, manifest, spooled } = await sealedSpool();
    const found = foundIn('artifact x', spooled.files, false);
    expect((await readFound(found, options({ identity }))).manifest).toEqual(manifest);
    await expect(readFound(found, options())).rejects.toThrow('artifact x is sealed');
    const other = await generateIdentity();
    await expect(readFound(found, options({ identity: other }))).rejects.toThrow('not sealed to this');
    const wrong = options({ identity, verifyKey: stranger.publicKey });
    await expect(readFound(found, wrong)).rejects.toThrow('a key other than `verify-key`');
  });
});
