import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { readAnswers } from '../configurations/table.ts';

/** The virtual environment of install.sh. No cloud needs to run. */
const python = `${process.env['CLOUD_VENV'] ?? '/opt/oscloud'}/bin/python`;
const script = fileURLToPath(new URL('../configurations/ask.py', import.meta.url));

test('the real openstacksdk answers as answers.json says', async () => {
  const asked: unknown = JSON.parse(execFileSync(python, [script], { encoding: 'utf8' }));
  expect(asked).toEqual(await readAnswers());
}, 600_000);
