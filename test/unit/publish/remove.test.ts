import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { removeManifest } from '../../../src/publish/remove.ts';

test('the directory of a run goes, unless other files lie in it', async () => {
  const path = await mkdtemp(join(tmpdir(), 'remove-'));
  try {
    for (const [run, ...names] of [
      ['one', 'manifest.json', 'RESTORE.md'],
      ['two', 'manifest.json', 'notes.txt'],
    ]) {
      await mkdir(join(path, String(run)));
      for (const name of names) await writeFile(join(path, String(run), name), '');
    }
    expect(await removeManifest(join(path, 'one'), undefined)).toBe(true);
    expect(await removeManifest(join(path, 'two'), undefined)).toBe(false);
    expect(await readdir(path)).toEqual(['two']);
  } finally {
    await rm(path, { recursive: true });
  }
});

test('two runs at once remove the same', async () => {
  const path = await mkdtemp(join(tmpdir(), 'remove-'));
  const run = join(path, 'run');
  try {
    await mkdir(run);
    await writeFile(join(run, 'manifest.json'), '');
    const both = [removeManifest(run, undefined), removeManifest(run, undefined)];
    expect(await Promise.all(both)).toEqual([true, true]);
    expect(await removeManifest(run, undefined)).toBe(true);
  } finally {
    await rm(path, { recursive: true });
  }
});
