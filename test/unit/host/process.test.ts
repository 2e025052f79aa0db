import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, test } from '@jest/globals';
import { type Machine, startOf, thisProcess } from '../../../src/host/terminal/process.ts';
import { formatOwner, livenessOfProcess, parseOwner } from '../../../src/ports/owner.ts';

const BOOT = '5D4B1C1E-6B0B-4C39-9F0E-0C5C1F6E6A11';

/** A Mac as its manual pages describe it: no /proc, `sysctl` and `ps`. */
function mac(processes: Readonly<Record<number, string>>, boot = BOOT): Machine {
  return {
    platform: 'darwin',
    read: () => '',
    link: () => '',
    run(program, words) {
      if (program === '/usr/sbin/sysctl') return words.join(' ') === '-n kern.bootsessionuuid' ? boot : '';
      return program === '/bin/ps' ? (processes[Number(words.at(-1))] ?? '') : '';
    },
  };
}

const STARTED = 'S+   Thu Nov 26 01:19:45 2026';
const LATER = 'S+   Thu Nov 26 01:19:46 2026';

describe('on a Mac', () => {
  const before = thisProcess(mac({ [process.pid]: STARTED }));
  const judged = (now: Machine) => livenessOfProcess(before, thisProcess(now), (pid) => startOf(pid, now));

  test('a process is its boot, its id and its start', () => {
    expect(before).toMatchObject({
      boot: BOOT,
      namespace: 'darwin',
      pid: process.pid,
      start: String(Date.UTC(2026, 10, 26, 1, 19, 45) / 1000),
    });
    expect(parseOwner(formatOwner(before))).toEqual(before);
  });

  test.each([
    ['that runs lives', mac({ [process.pid]: STARTED }), 'alive'],
    ['that is gone ended', mac({}), 'ended'],
    ['whose id another one has now ended', mac({ [process.pid]: LATER }), 'ended'],
    ['that is a zombie ended', mac({ [process.pid]: STARTED.replace('S+', 'Z ') }), 'ended'],
    ['of another boot is not seen', mac({ [process.pid]: STARTED }, 'other'), 'unknown'],
    ['of a machine that tells no boot is not seen', mac({ [process.pid]: STARTED }, ''), 'unknown'],
  ] as const)('one %s', (_, now, liveness) => {
    expect(judged(now)).toBe(liveness);
  });
});

test('where nothing tells of processes, a run waits until its records expire', () => {
  const windows: Machine = { platform: 'win32', read: () => '', link: () => '', run: () => '' };
  const owner = thisProcess(windows);
  expect([owner.boot, owner.start]).toEqual(['unknown', '0']);
  expect(livenessOfProcess(owner, thisProcess(windows), (pid) => startOf(pid, windows))).toBe('unknown');
});

test('the real ps of this machine prints what is read', () => {
  const { stdout } = spawnSync('ps', ['-o', 'stat=,lstart=', '-p', String(process.pid)], {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C', TZ: 'UTC' },
  });
  const start = Number(startOf(process.pid, mac({ [process.pid]: stdout.trim() })));
  expect(Math.abs(start - (Date.now() - process.uptime() * 1000) / 1000)).toBeLessThan(60);
});

test('a process that ended is seen here', async () => {
  const child = spawn('sleep', ['60']);
  const pid = child.pid ?? 0;
  const start = startOf(pid);
  expect(start).toMatch(/^\d+$/);
  child.kill();
  await once(child, 'exit');
  expect(startOf(pid)).toBeUndefined();
});
