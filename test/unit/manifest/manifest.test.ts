import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { copyFile, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { restorePoint } from '../../../src/backup/volume/record.ts';
import { readManifest } from '../../../src/catalog/directory.ts';
import type { ReadOptions } from '../../../src/catalog/read.ts';
import { InputError } from '../../../src/errors.ts';
import { LARGEST_MANIFEST, parseManifest, serialize, sha256 } from '../../../src/manifest/parse.ts';
import type { Manifest, RestorePoint } from '../../../src/manifest/schema.ts';
import { signingKey, verifyingKey } from '../../../src/manifest/sign.ts';
import { DirectoryWriter } from '../../../src/publish/directory.ts';
import { imagePoint } from '../../support/points.ts';
import { backup, tags, volume } from '../../support/records.ts';

const HOSTILE = 'x\n::error::y `id`';

function point(fields: { name?: string } = {}): RestorePoint {
  return restorePoint({
    volume: volume({ name: fields.name ?? 'db', metadata: { 'a b/ü': HOSTILE } }),
    typeId: '11111111-1111-4111-8111-111111111111',
    encryption: null,
    backup: backup(),
    tags: tags(),
    reason: 'the volume has no backup yet',
    seconds: 4.5,
  });
}

function manifest(...points: RestorePoint[]): Manifest {
  return {
    format: 'openstack-backup manifest',
    version: 1,
    run: {
      id: randomUUID(),
      tool: 'openstack-backup 1.0.0',
      started: '2026-11-23T00:00:00.000Z',
      finished: null,
    },
    cloud: {
      authUrl: 'https://c.example/v3',
      region: 'R',
      project: { id: 'p'.repeat(32), name: HOSTILE, domain: 'D' },
    },
    restorePoints: points,
    failed: [{ kind: 'volume', id: randomUUID(), name: HOSTILE, error: 'why' }],
  };
}

const pair = generateKeyPairSync('ed25519');
const PRIVATE = pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const PUBLIC = pair.publicKey.export({ type: 'spki', format: 'pem' }).toString();
const stranger = generateKeyPairSync('ed25519').publicKey;

let directory = '';
const warnings: string[] = [];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'manifest-'));
  warnings.length = 0;
});
afterEach(() => rm(directory, { recursive: true }));

const read = (options: Partial<ReadOptions> = {}) =>
  readManifest(directory, {
    verifyKey: undefined,
    allowUnsigned: false,
    warn: (line) => warnings.push(line),
    ...options,
  });

describe('a directory', () => {
  test('gives back what was written, hostile names and all', async () => {
    const written = manifest(point({ name: HOSTILE }));
    const { sha256 } = await new DirectoryWriter(directory, signingKey(PRIVATE)).write(written);
    const found = await read({ verifyKey: verifyingKey(PUBLIC) });
    expect(found.manifest).toEqual(written);
    expect(found.sha256).toBe(sha256);
    expect(warnings).toEqual([]);
  });

  test('is for its owner only, and holds nothing but the manifest, its sidecars and the runbook', async () => {
    await new DirectoryWriter(directory, signingKey(PRIVATE)).write(manifest());
    expect((await readdir(directory)).sort()).toEqual([
      'RESTORE.md',
      'manifest.json',
      'manifest.json.sha256',
      'manifest.json.sig',
    ]);
  });

  test('has a runbook of the manifest that stands in it', async () => {
    const writer = new DirectoryWriter(directory, undefined);
    for (const points of [[], [point({ name: 'later' })]]) {
      const { sha256 } = await writer.write(manifest(...points));
      const text = await readFile(join(directory, 'RESTORE.md'), 'utf8');
      expect(text).toContain(sha256);
      expect(text.includes('## 1. Volume later')).toBe(points.length > 0);
    }
  });

  test('is whole at every moment of a rewrite', async () => {
    const writer = new DirectoryWriter(directory, signingKey(PRIVATE));
    await writer.write(manifest(point()));
    const first = await readFile(join(directory, 'manifest.json'), 'utf8');
    await copyFile(join(directory, 'manifest.json.sha256'), join(directory, 'old'));
    await writer.write(manifest(point(), point()));
    // As after a crash between the sidecars and the manifest: both lines, the old manifest.
    const now = await readFile(join(directory, 'manifest.json.sha256'), 'utf8');
    await writeFile(
      join(directory, 'manifest.json.sha256'),
      (await readFile(join(directory, 'old'), 'utf8')) + now,
    );
    await writeFile(join(directory, 'manifest.json'), first);
    expect((await read({ allowUnsigned: true })).manifest.restorePoints).toHaveLength(1);
    expect(warnings).toEqual([expect.stringContaining('is signed, but no `verify-key` was given')]);
  });

  test('has a sidecar that knows it, whenever it is looked at while others replace it', async () => {
    const writer = new DirectoryWriter(directory, undefined);
    await writer.write(manifest());
    let writing = true;
    const written = (async () => {
      for (let count = 1; count <= 30; count += 1)
        await writer.write(manifest(...Array.from({ length: count }, () => point())));
      writing = false;
    })();
    const seen = new Set<string>();
    for (; writing; await setImmediate()) {
      // One step of the writer at most falls between the two: it waits for its turn of the event loop.
      const digest = sha256(readFileSync(join(directory, 'manifest.json')));
      expect(readFileSync(join(directory, 'manifest.json.sha256'), 'utf8')).toContain(digest);
      seen.add(digest);
    }
    await written;
    expect(seen.size).toBeGreaterThan(10);
  });

  test('that is larger than any is refused by its size', async () => {
    const file = join(directory, 'manifest.json');
    await writeFile(file, '{}');
    await truncate(file, LARGEST_MANIFEST + 1);
    await expect(read()).rejects.toThrow(`${file} is larger than any manifest`);
    await truncate(file, LARGEST_MANIFEST);
    await expect(read()).rejects.not.toThrow('is larger than any manifest');
  });
});

describe('trust', () => {
  test('an unsigned manifest needs allow-unsigned', async () => {
    await new DirectoryWriter(directory, undefined).write(manifest(point()));
    await expect(read()).rejects.toThrow('is not signed');
    expect((await read({ allowUnsigned: true })).manifest.restorePoints).toHaveLength(1);
    expect(warnings).toHaveLength(1);
  });

  test('a manifest of a stranger', async () => {
    await new DirectoryWriter(directory, signingKey(PRIVATE)).write(manifest(point()));
    await expect(read({ verifyKey: stranger })).rejects.toThrow('signed with a key other than `verify-key`');
    await expect(read()).rejects.toThrow('no `verify-key` was given');
  });

  test('one changed byte, wherever it is', async () => {
    await new DirectoryWriter(directory, signingKey(PRIVATE)).write(manifest(point()));
    const file = join(directory, 'manifest.json');
    const bytes = await readFile(file);
    for (let at = 0; at < bytes.length; at += 97) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 1;
      await writeFile(file, changed);
      await expect(read({ verifyKey: verifyingKey(PUBLIC) })).rejects.toThrow('was altered');
    }
  });

  test('a changed manifest whose digest was changed with it', async () => {
    await new DirectoryWriter(directory, signingKey(PRIVATE)).write(manifest(point()));
    await new DirectoryWriter(directory, undefined).write(manifest(point()));
    await expect(read({ verifyKey: verifyingKey(PUBLIC) })).rejects.toThrow(
      'was altered, or signed with a key other than',
    );
  });

  test.each([
    ['no key', 'x'],
    ['a public key', PUBLIC],
    [
      'an RSA key',
      generateKeyPairSync('rsa', { modulusLength: 2048 })
        .privateKey.export({ type: 'pkcs8', format: 'pem' })
        .toString(),
    ],
  ])('%s is no sign-key, and is not shown', (_what, pem) => {
    expect(() => signingKey(pem)).toThrow('`sign-key` is not an ed25519 key in PEM');
  });

  test('a private key is no verify-key', () => {
    expect(() => verifyingKey(PRIVATE)).toThrow('`verify-key` is not an ed25519 key in PEM');
  });
});

describe('a manifest that cannot be read', () => {
  const text = (change: (value: Record<string, unknown>) => void) => {
    const value = JSON.parse(serialize(manifest(point())));
    change(value);
    return JSON.stringify(value);
  };
  type Loose = {
    restorePoints: {
      id: string;
      resource: Record<string, unknown>;
      backup: Record<string, unknown>;
      chain: Record<string, unknown>;
    }[];
  } & Record<string, unknown>;
  const imaged = imagePoint();
  const first = (value: Record<string, unknown>) =>
    (value as Loose).restorePoints[0] as Loose['restorePoints'][0];

  test.each([
    ['no JSON', 'nope', 'is not JSON'],
    ['another file', '{"a": 1}', 'is not a manifest of openstack-backup'],
    [
      'a newer version',
      text((value) => {
        value['version'] = 2;
      }),
      'is a manifest of version 2; this program reads versions up to 1',
    ],
    [
      'an unknown field',
      text((value) => {
        value['url'] = 'http://evil.example';
      }),
      'is not a complete manifest',
    ],
    [
      'a path for an id',
      text((value) => {
        first(value).backup['id'] = '../../x';
      }),
      'is not a complete manifest',
    ],
    [
      'a huge size',
      text((value) => {
        first(value).backup['size'] = 1e12;
      }),
      'is not a complete manifest',
    ],
    [
      'a negative size',
      text((value) => {
        first(value).resource['size'] = -1;
      }),
      'is not a complete manifest',
    ],
    [
      'a command for a time',
      text((value) => {
        first(value).backup['created'] = '$(id)';
      }),
      'is not a complete manifest',
    ],
    ...[
      '2026-13-01T00:00:00Z',
      '2026-00-01T00:00:00Z',
      '2026-01-00T00:00:00Z',
      '2026-01-32T00:00:00Z',
      '2026-02-30T00:00:00Z',
      '2026-04-31T00:00:00Z',
      '2026-01-01T24:00:00Z',
      '2026-01-01T00:60:00Z',
      '2026-01-01T00:00:60.5Z',
    ].map(
      (time) =>
        [
          `the time ${time}`,
          text((value) => {
            first(value).backup['dataTimestamp'] = time;
          }),
          'm.json is not a complete manifest: /restorePoints/0/backup/dataTimestamp must match pattern',
        ] as const,
    ),
    [
      'a start that cannot be',
      text((value) => {
        (value['run'] as Record<string, unknown>)['started'] = '2026-13-01T00:00:00Z';
      }),
      'is not a complete manifest: /run/started must match pattern',
    ],
    [
      'no restore points',
      text((value) => {
        delete value['restorePoints'];
      }),
      'is not a complete manifest',
    ],
    [
      'a full backup with a parent',
      text((value) => {
        first(value).chain['parent'] = randomUUID();
      }),
      'contradicts itself',
    ],
    [
      'a full backup in mid-chain',
      text((value) => {
        first(value).chain['position'] = 3;
      }),
      'contradicts itself',
    ],
    [
      'a backup smaller than its volume',
      text((value) => {
        first(value).resource['size'] = 2;
      }),
      'contradicts itself',
    ],
    [
      'a restore point twice',
      text((value) => {
        (value as Loose).restorePoints.push(first(value));
      }),
      'contradicts itself',
    ],
    ...['blocks', undefined].map(
      (layout) =>
        [
          `a payload of layout ${layout}`,
          JSON.stringify(manifest({ ...imaged, payload: { ...imaged.payload, layout } } as RestorePoint)),
          'is not a complete manifest',
        ] as const,
    ),
  ])('%s', async (_what, content, message) => {
    await expect(parseManifest(content, 'm.json')).rejects.toThrow(InputError);
    await expect(parseManifest(content, 'm.json')).rejects.toThrow(message);
  });

  test.each([
    '2026-01-31T23:59:59Z',
    '2026-02-29T00:00:00.000Z',
    '2026-04-30T00:00:00.123456Z',
    '2026-12-31T09:10:11Z',
  ])('but one with the time %s can', async (time) => {
    const content = text((value) => {
      first(value).backup['dataTimestamp'] = time;
    });
    const { restorePoints } = await parseManifest(content, 'm.json');
    expect(restorePoints).toMatchObject([{ backup: { dataTimestamp: time } }]);
  });

  test('no file', async () => {
    await expect(read()).rejects.toThrow(/ENOENT|there is no manifest|cannot read/);
  });
});
