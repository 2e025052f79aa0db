import { expect, test } from '@jest/globals';
import { checkSystem } from '../../src/carry-out.ts';
import { InputError } from '../../src/errors.ts';

test('Windows is refused with what it lacks and where to go instead', () => {
  expect(() => checkSystem('win32')).toThrow(InputError);
  expect(() => checkSystem('win32')).toThrow(/Windows is not supported: .*bash, age, zstd, sha256sum, curl/);
});

test.each(['linux', 'darwin'] as const)('%s is taken', (platform) => {
  expect(() => checkSystem(platform)).not.toThrow();
});
