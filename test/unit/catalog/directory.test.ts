import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from '@jest/globals';
import { findSeen, listedDirectories, runDirectories } from '../../../src/catalog/directory.ts';

const files = [
  '20261123T023300Z-5f2c9a01/manifest.json',
  '20261124T023300Z-5f2c9a02/manifest.json.age',
  '20261125T023300Z-5f2c9a03/nothing',
  // As `gh run download` and `gh release download` lay them down.
  'openstack-backup-17-1-ab/manifest.json',
  'release/manifest.json.journal',
  'payloads/manifest.json.sha256',
  'deeper/inside/manifest.json',
  'notes.txt',
];

async function below<T>(names: readonly string[], work: (path: string) => Promise<T>): Promise<T> {
  const path = await mkdtemp(join(tmpdir(), 'directories-'));
  try {
    for (const name of names) {
      await mkdir(dirname(join(path, name)), { recursive: true });
      await writeFile(join(path, name), '');
    }
    return await work(path);
  } finally {
    await rm(path, { recursive: true });
  }
}

test('the newest is looked for among directories of runs, newest first', async () => {
  await below(files, async (path) =>
    expect(await runDirectories(path)).toEqual(
      ['20261124T023300Z-5f2c9a02', '20261123T023300Z-5f2c9a01'].map((name) => join(path, name)),
    ),
  );
});

test('a list reads downloads of any name too, and the directory itself', async () => {
  await below([...files, 'manifest.json'], async (path) =>
    expect(await listedDirectories(path)).toEqual([
      join(path, '20261124T023300Z-5f2c9a02'),
      join(path, '20261123T023300Z-5f2c9a01'),
      path,
      join(path, 'openstack-backup-17-1-ab'),
      join(path, 'release'),
    ]),
  );
});

test('what another run has pruned since it was listed is not there, and what cannot be read is told', async () => {
  await below(['run/manifest.json', 'emptied/RESTORE.md', 'odd/manifest.json/file'], async (path) => {
    expect(await findSeen(join(path, 'run'))).toMatchObject({ file: 'manifest.json' });
    expect(await findSeen(join(path, 'emptied'))).toBeUndefined();
    expect(await findSeen(join(path, 'gone'))).toBeUndefined();
    await expect(findSeen(join(path, 'odd'))).rejects.toThrow('cannot read');
  });
});
