import { randomUUID } from 'node:crypto';
import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { savedRoot } from '../../../src/backup/server/disks.ts';
import { restorePoint } from '../../../src/backup/volume/record.ts';
import { cloudOf } from '../../../src/catalog/cloud-of.ts';
import { readManifest } from '../../../src/catalog/directory.ts';
import { findManifest } from '../../../src/catalog/find.ts';
import { OperationError } from '../../../src/errors.ts';
import { JOURNAL_FILE } from '../../../src/manifest/journal.ts';
import { parseManifest, serialize } from '../../../src/manifest/parse.ts';
import type { Manifest, Payload, RestorePoint } from '../../../src/manifest/schema.ts';
import type { Session } from '../../../src/openstack/connection.ts';
import { silentLog } from '../../../src/ports/log.ts';
import { DirectoryWriter } from '../../../src/publish/directory.ts';
import type { Publisher } from '../../../src/publish/publisher.ts';
import { ManifestRecord } from '../../../src/publish/record.ts';
import { noCache } from '../../support/manifest-cache.ts';
import { memoryPlace } from '../../support/memory-place.ts';
import {
  backupPoint,
  imagePoint,
  keptImagePoint,
  secretPoint,
  serverPoint,
  volumeImagePoint,
} from '../../support/points.ts';
import { backup, tags, volume } from '../../support/records.ts';

const session = {
  scope: { project: { id: 'odd id/%', name: 'demo', domain: 'Default' } },
  config: { auth: { authUrl: 'https://c.example/v3' } },
  region: () => 'R',
} as unknown as Session;

const run = (): Manifest['run'] => ({
  id: randomUUID(),
  tool: 'openstack-backup 1.0.0',
  started: '2026-11-23T00:00:00.000Z',
  finished: null,
});

let directory = '';
const warnings: string[] = [];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'record-'));
  warnings.length = 0;
});
afterEach(() => rm(directory, { recursive: true }));

function recordTo(...publishers: Publisher[]): ManifestRecord {
  const warn = (line: string) => void warnings.push(line);
  return new ManifestRecord({ publishers, keep: async () => undefined, warn }, cloudOf(session), run());
}

function placeIn(path: string): Publisher {
  const writer = new DirectoryWriter(path, undefined);
  return {
    lasts: 'at once',
    prepare: () => writer.prepare(),
    keep: (entries, manifest) => writer.keep(entries, manifest),
    finish: (manifest) => writer.finish(manifest),
  };
}

const nowhere: Publisher = {
  lasts: 'never',
  prepare: async () => undefined,
  keep: async () => undefined,
  finish: async () => ({ path: '', sha256: '' }),
};

const trust = { verifyKey: undefined, allowUnsigned: true, warn: () => undefined };
const namesIn = async (path = directory) =>
  (await readManifest(path, trust)).manifest.restorePoints.map(({ resource }) => resource.name);

test('a payload is let go by its store right before a manifest names it', async () => {
  const told: string[] = [];
  const place = { ...nowhere, keep: async () => void told.push('written') };
  const keep = async ({ name }: Payload) => void told.push(name);
  const record = new ManifestRecord(
    { publishers: [place], keep, warn: () => undefined },
    cloudOf(session),
    run(),
  );
  const [image, key, kept] = [imagePoint(), secretPoint(), keptImagePoint()];
  for (const point of [image, key, kept, backupPoint()]) await record.add(point);
  expect(told).toEqual([
    ...[image.payload.name, 'written', key.payload.name, 'written'],
    ...['written', 'written'],
  ]);
});

test.each([null, '2026-11-23T00:10:00.000Z'])('a run says when it ended, if it did: %j', async (finished) => {
  const record = recordTo(placeIn(directory));
  await record.add(backupPoint());
  await record.finish(finished);
  expect((await readManifest(directory, trust)).manifest.run.finished).toBe(finished);
});

describe('a restore point that could not be read again', () => {
  const odd: [string, () => RestorePoint, string][] = [
    ['a name that no cloud takes', () => backupPoint({ name: 'x'.repeat(256) }), '/resource/name'],
    [
      'a property that no cloud takes',
      () => backupPoint({ imageMetadata: { note: 'x'.repeat(65_536) } }),
      '/resource/imageMetadata/note',
    ],
    ['an id that no cloud has', () => keptImagePoint({ id: '../x' }), '/resource/id'],
    ['a number that is none', () => imagePoint({ minRam: 1.5 }), '/resource/minRam'],
  ];
  test.each(odd)('fails alone: %s', async (_what, make, said) => {
    const record = recordTo(placeIn(directory));
    const whole = backupPoint({ name: 'whole' });
    await record.add(whole);
    const adding = record.add(make());
    await expect(adding).rejects.toThrow(OperationError);
    await expect(adding).rejects.toThrow(said);
    expect((await record.finish(null)).lasts).toBe(true);
    expect(await namesIn()).toEqual(['whole']);
  });

  test('names the backup that can be restored without a manifest', async () => {
    const point = backupPoint({ name: 'x'.repeat(300) });
    await expect(recordTo().add(point)).rejects.toMatchObject({
      hint: expect.stringContaining(`\`restore-volume\` with \`backup: ${point.backup.id}\``),
    });
  });

  test.each([
    [
      'the same backup twice',
      (point: ReturnType<typeof backupPoint>) => ({ ...point, id: randomUUID() }),
      'twice',
    ],
    [
      'tags copied to another backup',
      (point: ReturnType<typeof backupPoint>) => ({
        ...point,
        backup: { ...point.backup, id: randomUUID() },
      }),
      'twice',
    ],
    [
      'an increment without a parent',
      (point: ReturnType<typeof backupPoint>) => ({
        ...backupPoint(),
        backup: { ...point.backup, id: randomUUID(), incremental: true },
      }),
      'an increment without a parent',
    ],
  ])('fails alone: %s', async (_what, other, said) => {
    const record = recordTo(placeIn(directory));
    const point = backupPoint({ name: 'first' });
    await record.add(point);
    await expect(record.add(other(point))).rejects.toThrow(said);
    await record.finish(null);
    expect(await namesIn()).toEqual(['first']);
  });

  test('fails alone: a server whose disk is not in it', async () => {
    const record = recordTo(placeIn(directory));
    await record.add(backupPoint({ name: 'disk' }));
    await expect(record.add(serverPoint({ disks: [savedRoot(randomUUID())] }))).rejects.toThrow(
      'which is not in the manifest',
    );
    await record.finish(null);
    expect(await namesIn()).toEqual(['disk']);
  });
});

describe('what a cloud may have', () => {
  test('is recorded of the backup where the volume has grown since', () => {
    const point = restorePoint({
      volume: volume({ size: 9 }),
      typeId: undefined,
      encryption: null,
      backup: backup({ size: 3 }),
      tags: tags(),
      reason: '',
      seconds: 0,
    });
    expect([point.resource.size, point.backup.size]).toEqual([3, 3]);
  });

  test('is written and read again, whatever it is', async () => {
    const random = seeded(20_261_125);
    for (let round = 0; round < 150; round += 1) {
      const record = recordTo(nowhere);
      const whole = backupPoint({ name: 'whole' });
      await record.add(whole);
      const taken: RestorePoint[] = [whole];
      for (let count = 0; count < 4; count += 1) {
        const point = randomPoint(random);
        const said = await record.add(point).then(
          () => undefined,
          (error: unknown) => error,
        );
        if (said === undefined) taken.push(point);
        else expect(said).toBeInstanceOf(OperationError);
        record.fail({
          kind: 'volume',
          id: random.text(400),
          name: random.text(400),
          error: random.text(9000),
        });
      }
      const read = await parseManifest(serialize(record.manifest), 'm');
      expect(read.restorePoints).toEqual(taken);
    }
  });

  test('is 12,000 restore points, each added at the cost of the first', async () => {
    const record = recordTo(nowhere);
    const took: number[] = [];
    for (let tenth = 0; tenth < 10; tenth += 1) {
      const from = performance.now();
      for (let count = 0; count < 12; count += 1)
        await Promise.all(Array.from({ length: 100 }, () => record.add(backupPoint())));
      took.push(performance.now() - from);
    }
    const manifest = await parseManifest(serialize(record.manifest), 'm');
    expect(manifest.restorePoints).toHaveLength(12_000);
    // Written whole each time, the last tenth would cost nineteen times the first.
    expect(Math.min(...took.slice(-3))).toBeLessThan(8 * Math.max(...took.slice(0, 2)));
  }, 120_000);

  test('is a clock that was set back', async () => {
    const record = recordTo(placeIn(directory));
    await record.add({ ...backupPoint({ name: 'early' }), seconds: -3600 });
    await record.finish(null);
    expect(await namesIn()).toEqual(['early']);
  });
});

describe('a run that was killed', () => {
  const killedAfter = async (count: number, path = directory) => {
    const record = recordTo(placeIn(path));
    for (let index = 0; index < count; index += 1) await record.add(backupPoint({ name: `v${index}` }));
    return record;
  };
  const journal = () => join(directory, JOURNAL_FILE);

  test.each([1, 7, 45])(
    'after %i restore points leaves all of them, and a whole manifest beside',
    async (count) => {
      await killedAfter(count);
      expect(await namesIn()).toHaveLength(count);
      const beside = await parseManifest(await readFile(join(directory, 'manifest.json'), 'utf8'), 'm');
      expect(beside.restorePoints.length).toBeGreaterThanOrEqual(count / 1.25 - 1);
      expect(await readdir(directory)).toContain('RESTORE.md');
    },
  );

  test('leaves them where it was killed while it wrote a line, wherever', async () => {
    await killedAfter(40);
    const bytes = await readFile(journal());
    const lines = bytes.toString().split('\n');
    const last = Buffer.byteLength(lines.slice(-3).join('\n'));
    for (let cut = 1; cut <= last; cut += 37) {
      await writeFile(journal(), bytes.subarray(0, bytes.length - cut));
      expect(await namesIn()).toHaveLength(39);
    }
    await writeFile(journal(), bytes);
    await appendFile(journal(), '{"point": {"id');
    expect(await namesIn()).toHaveLength(40);
  });

  test('is refused where a line was altered', async () => {
    await killedAfter(3);
    const bytes = await readFile(journal());
    for (const at of [10, Math.floor(bytes.length / 2)]) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 1;
      await writeFile(journal(), changed);
      await expect(readManifest(directory, { ...trust, allowUnsigned: false })).rejects.toThrow(
        'was altered',
      );
    }
  });

  test('before it had saved anything hides no earlier one from latest', async () => {
    const earlier = join(directory, '20261101T000000Z-aaaaaaaa');
    await placeIn(earlier).prepare('2026-11-23T00:00:00.000Z');
    await (await killedAfter(2, earlier)).finish(null);
    const dead = join(directory, '20261102T000000Z-bbbbbbbb');
    await placeIn(dead).prepare('2026-11-23T00:00:00.000Z');
    const find = () =>
      findManifest(`latest:${directory}`, {
        ...trust,
        directory,
        store: async () => memoryPlace(),
        cache: noCache(),
        github: undefined,
        workflow: undefined,
        branch: undefined,
        wanted: ({ restorePoints }) => restorePoints,
        now: () => Date.parse('2026-12-01T00:00:00.000Z'),
        log: silentLog,
      });
    expect((await find()).manifest.restorePoints).toHaveLength(2);
    await killedAfter(3, dead);
    expect((await find()).manifest.restorePoints).toHaveLength(3);
  });

  test('leaves no journal where it ended', async () => {
    const record = await killedAfter(3);
    await record.finish('2026-11-23T01:00:00.000Z');
    expect(await readdir(directory)).not.toContain(JOURNAL_FILE);
    expect((await readManifest(directory, trust)).manifest.run.finished).toBe('2026-11-23T01:00:00.000Z');
  });
});

describe('what lasts', () => {
  const place = (lasts: Publisher['lasts'], works = true): Publisher => ({
    ...nowhere,
    lasts,
    finish: async () => {
      if (!works) throw new OperationError('no');
      return { path: 'p', sha256: '' };
    },
  });
  const cases: [string, Publisher[], boolean, boolean][] = [
    ['a directory that stays', [place('at once')], true, true],
    ['an artifact', [place('when published')], false, true],
    ['an artifact that is refused', [place('when published', false)], false, false],
    [
      'one that is refused, and a directory that goes',
      [place('when published', false), place('never')],
      false,
      false,
    ],
    ['a directory that goes, where nothing else was asked for', [place('never')], false, true],
    ['one of two', [place('when published', false), place('when published')], false, true],
  ];
  test.each(cases)('%s', async (_what, places, atOnce, atEnd) => {
    const record = recordTo(...places);
    expect(await record.add(backupPoint())).toBe(atOnce);
    expect((await record.finish(null)).lasts).toBe(atEnd);
  });

  test('is not a place that cannot keep it; that is told once', async () => {
    const full: Publisher = {
      ...place('at once'),
      keep: async () => Promise.reject(new OperationError('the disk is full')),
    };
    const record = recordTo(full);
    expect([await record.add(backupPoint()), await record.add(backupPoint())]).toEqual([false, false]);
    expect(warnings).toEqual(['the disk is full; trying again at the end of the run']);
  });
});

interface Random {
  below(limit: number): number;
  text(longest: number): string;
}

/** The same numbers each time: xorshift. */
function seeded(seed: number): Random {
  let state = seed;
  const below = (limit: number) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % limit;
  };
  const odd = [
    'a',
    ' ',
    '\n',
    '\0',
    '"',
    '\\',
    'ü',
    '😀',
    '\ud800',
    '__proto__',
    '`',
    '$(id)',
    '</script>',
    '\u2028',
  ];
  return {
    below,
    text: (longest) => {
      const length = below(4) === 0 ? below(longest + 1) : below(9);
      let made = '';
      while (made.length < length) made += odd[below(odd.length)];
      return made;
    },
  };
}

function randomPoint({ below, text }: Random): RestorePoint {
  const record = () =>
    Object.fromEntries(
      Array.from({ length: below(5) }, () => [text(255), text(below(9) === 0 ? 70_000 : 255)]),
    );
  const name = () => text(below(9) === 0 ? 300 : 250);
  const size = below(20) === 0 ? 3_000_000_000 : below(9);
  const incremental = below(2) === 0;
  switch (below(5)) {
    case 0:
      return imagePoint({ name: name(), properties: record(), tags: [text(255)], minRam: 2_147_483_647 });
    case 1:
      return secretPoint({ name: name(), metadata: record(), creator: text(255) });
    case 2:
      return volumeImagePoint({ name: name(), imageMetadata: record() }, null, null);
    case 3:
      return keptImagePoint({ name: name(), members: [{ project: text(255), status: 'accepted' }] });
    default:
      // Adopted: the volume is another by now, and the tags say what was meant.
      return restorePoint({
        volume: volume({ name: name(), description: text(255), metadata: record(), size: size + below(3) }),
        typeId: undefined,
        encryption: null,
        backup: backup({ size, incremental }),
        tags: tags(below(2) === 0 ? {} : { position: 1, parent: randomUUID() }),
        reason: text(200),
        seconds: 0,
      });
  }
}
