import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { resolveOptions } from '../../fakes/cloud/core.ts';

test('the README of the embedded cloud names its switches, and no others', async () => {
  const text = await readFile(join(import.meta.dirname, '../../fakes/cloud/README.md'), 'utf8');
  const rows = text.split('\n').filter((line) => line.startsWith('| `'));
  const named = rows.flatMap((row) =>
    [...(row.split('|')[1] ?? '').matchAll(/`([^`]+)`/g)].map(([, name]) => name),
  );
  const { capabilities, ...others } = resolveOptions({});
  const all = [...Object.keys(others), ...Object.keys(capabilities).map((name) => `capabilities.${name}`)];
  expect(named.sort()).toEqual(all.sort());
});
