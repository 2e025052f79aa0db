import { expect, test } from '@jest/globals';
import { needPrograms, pathOf, programsIn } from '../../../../src/drill/by-hand/tools.ts';
import { commandsIn } from '../../../../src/runbook/commands.ts';
import { runbook } from '../../../../src/runbook/runbook.ts';
import {
  backupPoint,
  encryptedWith,
  manifestWith,
  secretPoint,
  volumeImagePoint,
} from '../../../support/points.ts';

const key = secretPoint();
const disk = volumeImagePoint({ name: 'db' }, encryptedWith(key));
const manifest = manifestWith(key, disk, backupPoint());
const commands = commandsIn(runbook(manifest, 'e'.repeat(64)), manifest);

test('what needs no cloud does not ask for its client', () => {
  expect(programsIn(commands.before)).toEqual(['bash', 'sha256sum', 'age', 'zstd']);
  expect(programsIn([...commands.before, ...commands.cloud])).toEqual([
    ...programsIn(commands.before),
    'openstack',
    'curl',
    'od',
  ]);
});

test('a section begins with the checks of its own payload', () => {
  for (const point of [key, disk]) {
    if (point.payload === null) throw new Error('it has no payload');
    const checks = commands.comparing(point.payload).join('\n');
    expect(commands.restoring(point.id).startsWith(checks)).toBe(true);
    expect(checks).toContain(point.payload.stored.sha256);
    expect(commands.restoring(point.id)).toContain(`${commands.opening(point.payload)} |`);
  }
  const other = { ...key.payload, stored: { ...key.payload.stored, sha256: '0'.repeat(64) } };
  expect(() => commands.comparing(other)).toThrow('does not begin with its checks');
  expect(() => commands.restoring('none')).toThrow('no section');
});

test('of PATH, what a package manager put there is left out', () => {
  const PATH = '/a/node_modules/.bin:relative:/usr/bin::/bin';
  expect(pathOf({ PATH })).toBe('/usr/bin:/bin');
  expect(pathOf({})).toBe('');
});

test('each program that is not installed is named, with where it comes from', async () => {
  await expect(needPrograms(['bash'], '/usr/bin:/bin')).resolves.toBeUndefined();
  await expect(needPrograms(['bash', 'age', 'openstack'], '/nowhere')).rejects.toMatchObject({
    exitCode: 2,
    message: 'a drill by hand needs bash, age, openstack, which are not installed',
    hint: expect.stringContaining('pip install python-openstackclient'),
  });
});
