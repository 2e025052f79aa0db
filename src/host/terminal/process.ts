import { createHash } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import type { ProcessOwner } from '../../ports/owner.ts';

/** This process, as a later run will look for it. */
export function thisProcess(): ProcessOwner {
  const machine = createHash('sha256')
    .update(`${read('/etc/machine-id')}\n${hostname()}`)
    .digest('hex')
    .slice(0, 16);
  return {
    kind: 'host',
    machine,
    boot: read('/proc/sys/kernel/random/boot_id') || 'unknown',
    namespace: namespaceOf(),
    pid: process.pid,
    start: startOf(process.pid) ?? '0',
  };
}

/** When a process started, in clock ticks from boot; undefined when there is none. Linux only: elsewhere runs expire. */
export function startOf(pid: number): string | undefined {
  // The name in brackets may hold anything; the start is the 20th field behind it, the state the first (proc_pid_stat(5)).
  const stat = read(`/proc/${pid}/stat`);
  const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  // A zombie only waits for its parent to look.
  return state === 'Z' ? undefined : fields[18];
}

function namespaceOf(): string {
  try {
    return readlinkSync('/proc/self/ns/pid').replace(/\D/g, '') || 'none';
  } catch {
    return 'none';
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
}
