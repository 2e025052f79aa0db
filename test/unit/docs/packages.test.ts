import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { PACKAGES } from '../../support/installed.ts';

/** On every machine. */
const THERE = ['bash', 'mount', 'python3', 'util-linux'];

test.each(['.github/workflows/ci.yml', '.github/workflows/release.yml', 'test/cloud/install.sh'])(
  '%s installs every program that tests need',
  (path) => {
    const text = readFileSync(join(import.meta.dirname, '../../..', path), 'utf8');
    const [, list = ''] = /(?:apt-get install -qq|PACKAGES=')([^'\n]*(?:\n(?! *-)[^'\n]*)*)/.exec(text) ?? [];
    expect(list.split(/\s+/)).toEqual(
      expect.arrayContaining(Object.values(PACKAGES).filter((name) => !THERE.includes(name))),
    );
  },
);
