import { mkdtempSync, rmSync } from 'node:fs';
import { cp, mkdir, rename, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { BUILT_FROM, digestOfSource, isFresh } from '../../../scripts/build/source.ts';

let root: string;
const put = async (name: string, text: string) => {
  await mkdir(dirname(join(root, name)), { recursive: true });
  await writeFile(join(root, name), text);
};
const FILES = [
  ...['package-lock.json', 'package.json', 'tsconfig.build.json', 'tsconfig.json', 'scripts/build.ts'],
  ...['scripts/build/left-out.ts', 'src/cli.ts', 'src/deep/one.ts'],
];

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'source-'));
  for (const name of FILES) await put(name, `of ${name}`);
  await put(join('dist', BUILT_FROM), `${digestOfSource(root)}\n`);
});
afterEach(() => rmSync(root, { recursive: true }));

test('dist is fresh as long as nothing that is built changes, wherever it lies', async () => {
  expect(isFresh(root)).toBe(true);
  await put('test/other.ts', 'nothing of the build');
  expect(isFresh(root)).toBe(true);
  const elsewhere = join(root, 'elsewhere');
  for (const name of ['package-lock.json', 'package.json', 'tsconfig.build.json', 'tsconfig.json', 'scripts'])
    await cp(join(root, name), join(elsewhere, name), { recursive: true });
  await cp(join(root, 'src'), join(elsewhere, 'src'), { recursive: true });
  expect(digestOfSource(elsewhere)).toBe(digestOfSource(root));
});

test.each(FILES)('it is not when %s has changed', async (name) => {
  await put(name, 'changed');
  expect(isFresh(root)).toBe(false);
});

test.each([
  ['one more file', () => put('src/deep/two.ts', '')],
  ['another name', () => rename(join(root, 'src/cli.ts'), join(root, 'src/tool.ts'))],
  [
    'text moved from one file to the next',
    async () => {
      await put('src/cli.ts', 'of src/cli.tsof src/deep/one.ts');
      await put('src/deep/one.ts', '');
    },
  ],
  ['no word of what it was built from', async () => rmSync(join(root, 'dist', BUILT_FROM))],
])('it is not after %s', async (_, change) => {
  await change();
  expect(isFresh(root)).toBe(false);
});
