import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import type { ProcessOwner } from '../../ports/owner.ts';

/** What a machine reveals about its processes. */
export interface Machine {
  readonly platform: string;
  /** A file's text; empty if there is none. */
  read(path: string): string;
  /** What a link points to; empty if there is none. */
  link(path: string): string;
  /** What a program prints; empty if it fails. */
  run(program: string, words: readonly string[]): string;
}

const machine: Machine = {
  platform: process.platform,
  read: (path) => attempt(() => readFileSync(path, 'utf8')),
  link: (path) => attempt(() => readlinkSync(path)),
  run: (program, words) =>
    attempt(() =>
      execFileSync(program, words, {
        encoding: 'utf8',
        // English dates, in the same time zone for every run.
        env: { LC_ALL: 'C', TZ: 'UTC' },
        stdio: ['ignore', 'pipe', 'ignore'],
        timeout: 5_000,
      }),
    ),
};

function attempt(text: () => string): string {
  try {
    return text().trim();
  } catch {
    return '';
  }
}

/**
 * Identifies this process to later runs. Linux and macOS identify the boot that it runs under. Elsewhere (Windows)
 * nothing reliably distinguishes a machine from its clone, so leftovers wait until their records expire.
 */
export function thisProcess(on: Machine = machine): ProcessOwner {
  const name = createHash('sha256')
    .update(`${on.read('/etc/machine-id')}\n${hostname()}`)
    .digest('hex')
    .slice(0, 16);
  return {
    kind: 'host',
    machine: name,
    boot: bootOf(on) || 'unknown',
    namespace: namespaceOf(on),
    pid: process.pid,
    start: startOf(process.pid, on) ?? '0',
  };
}

/**
 * When a process started: on Linux in clock ticks since boot, on macOS in seconds since the epoch. Undefined if there
 * is no such process, or no way to know.
 */
export function startOf(pid: number, on: Machine = machine): string | undefined {
  if (on.platform === 'darwin') return startByPs(pid, on);
  // The name in brackets may hold anything; after it, the state is field 1 and the start is field 20: proc_pid_stat(5).
  const stat = on.read(`/proc/${pid}/stat`);
  const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  // A zombie has ended, and only waits for its parent.
  return state === 'Z' ? undefined : fields[18];
}

/** "S    Thu Nov 26 01:19:45 2026": https://keith.github.io/xcode-man-pages/ps.1.html */
function startByPs(pid: number, on: Machine): string | undefined {
  const [, state = '', date = ''] =
    /^(\S+)\s+(.+)$/.exec(on.run('/bin/ps', ['-o', 'stat=,lstart=', '-p', `${pid}`])) ?? [];
  const start = Date.parse(`${date} UTC`);
  return state.startsWith('Z') || Number.isNaN(start) ? undefined : String(start / 1000);
}

function bootOf(on: Machine): string {
  return on.platform === 'darwin'
    ? on.run('/usr/sbin/sysctl', ['-n', 'kern.bootsessionuuid'])
    : on.read('/proc/sys/kernel/random/boot_id');
}

/** macOS has no PID namespaces. */
function namespaceOf(on: Machine): string {
  if (on.platform === 'darwin') return 'darwin';
  return on.link('/proc/self/ns/pid').replace(/\D/g, '') || 'none';
}
