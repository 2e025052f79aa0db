import { expect, test } from '@jest/globals';
import { OtherVersion, provedText } from '../../../../src/drill/by-hand/proved.ts';
import { OperationError } from '../../../../src/errors.ts';
import { runbook } from '../../../../src/runbook/runbook.ts';
import { TOOL } from '../../../../src/version.ts';
import { backupPoint, manifestWith } from '../../../support/points.ts';

const made = manifestWith(backupPoint({ name: 'db' }));
const manifest = { ...made, run: { ...made.run, tool: TOOL } };
const sha256 = 'e'.repeat(64);
const text = runbook(manifest, sha256);
const proved = (found: string | undefined, of = manifest) =>
  provedText({
    manifest: of,
    sha256,
    text: found === undefined ? undefined : Buffer.from(found),
    reference: 'here',
  });

test('what the manifest says is carried out', () => {
  expect(proved(text)).toBe(text);
});

test.each([
  ['a command more', text.replace('set -euo pipefail', 'touch taken; set -euo pipefail')],
  ['a space at the end', `${text} `],
  ['a byte less', text.slice(0, -1)],
  ['another manifest', runbook(manifest, 'f'.repeat(64))],
])('%s: the drill fails', (_what, found) => {
  expect(() => proved(found)).toThrow(OperationError);
  expect(() => proved(found)).toThrow('it was altered');
});

test('a missing one fails, too', () => {
  expect(() => proved(undefined)).toThrow(OperationError);
});

test('of another version, nothing is known: unless it says the same', () => {
  const other = { ...manifest, run: { ...manifest.run, tool: 'openstack-backup 0.0.9' } };
  expect(() => proved(text, other)).toThrow(OtherVersion);
  expect(proved(runbook(other, sha256), other)).toContain('0.0.9');
});
