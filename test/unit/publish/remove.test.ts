import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { removeManifest } from '../../../src/publish/remove.ts';

const NOWHERE = {
  github: undefined,
  store: async () => {
    throw new Error('no store given');
  },
};

test('the directory of a run goes, unless other files lie in it', async () => {
  const path = await mkdtemp(join(tmpdir(), 'remove-'));
  try {
    for (const [run, ...names] of [
      ['one', 'manifest.json', 'RESTORE.md', 'manifest.json.journal'],
      ['two', 'manifest.json', 'notes.txt'],
    ]) {
      await mkdir(join(path, String(run)));
      for (const name of names) await writeFile(join(path, String(run), name), '');
    }
    expect(await removeManifest(join(path, 'one'), NOWHERE)).toBe(true);
    expect(await removeManifest(join(path, 'two'), NOWHERE)).toBe(false);
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
    const both = [removeManifest(run, NOWHERE), removeManifest(run, NOWHERE)];
    expect(await Promise.all(both)).toEqual([true, true]);
    expect(await removeManifest(run, NOWHERE)).toBe(true);
  } finally {
    await rm(path, { recursive: true });
  }
});
