import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';

const root = join(import.meta.dirname, '../../..');
const read = (paper: string) => readFileSync(join(root, paper), 'utf8');

/** Paths in backticks that begin with a folder of ours, without those that are patterns. */
const named = (text: string) =>
  [...text.matchAll(/`((?:src|test|scripts|docs|actions|\.ci)\/[^`\s]+)`/g)]
    .map(([, path = '']) => path)
    .filter((path) => !/[<*]|NAME|SERVICE/.test(path));

test.each(['docs/architecture.md', 'CONTRIBUTING.md'])('%s names only files that are there', (paper) => {
  const paths = named(read(paper));
  expect(paths.length).toBeGreaterThan(5);
  expect(paths.filter((path) => !existsSync(join(root, path)))).toEqual([]);
});

test('docs/architecture.md describes every folder of src', () => {
  const { LEVELS } = levels();
  const text = read('docs/architecture.md');
  const missing = LEVELS.filter((name) => !name.endsWith('.ts') && !text.includes(`\`${name}/`));
  expect(missing).toEqual([]);
});

function levels(): { LEVELS: string[] } {
  const [, picture = ''] =
    /<!-- arrows[^>]*-->\s+```\n([\s\S]*?)```/.exec(read('docs/architecture.md')) ?? [];
  return { LEVELS: picture.split(/\s+/).filter((word) => word !== '' && word !== '↓') };
}

test('every script that CONTRIBUTING.md names is one', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  const scriptNames = [...read('CONTRIBUTING.md').matchAll(/npm run (?:-s )?([\w:]+)/g)].map(
    ([, name = '']) => name,
  );
  expect(scriptNames.length).toBeGreaterThan(5);
  expect(scriptNames.filter((name) => scripts[name] === undefined)).toEqual([]);
});
