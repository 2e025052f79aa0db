import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A private directory (0700) that is gone with what ran in it, also when this process is killed. */
export interface Room {
  readonly path: string;
  /** Writes a file (0600). @returns its path */
  file(name: string, text: string | Uint8Array): Promise<string>;
  /** Makes a directory. @returns its path */
  folder(name: string): Promise<string>;
  /** From now on this group of processes ends with us; undefined: none does. */
  guard(group: number | undefined): void;
  /** Ends the group, and removes the directory. */
  leave(): Promise<void>;
}

/**
 * Waits until its standard input ends, with this process or by its will, and cleans up. It has the last line that it
 * read: the group of processes.
 */
const GUARD = `group=
while IFS= read -r line; do group=$line; done
[ -z "$group" ] || kill -KILL -- "-$group"
rm -rf -- "$1" || { sleep 1; rm -rf -- "$1"; }`;

/**
 * @param environment of this process: TMPDIR, or RUNNER_TEMP of a workflow, says where
 * @throws Error if it cannot be made
 */
export async function openRoom(environment: Readonly<Record<string, string | undefined>>): Promise<Room> {
  const path = await mkdtemp(join(await roomy(environment), 'openstack-backup-by-hand-'));
  const guard = spawn('bash', ['--noprofile', '--norc', '-c', GUARD, 'guard', path], {
    // Not in our group: what ends us must not end it.
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
    env: { PATH: environment['PATH'] ?? '' },
    cwd: '/',
  });
  guard.stdin.on('error', () => undefined);
  const gone = once(guard, 'close');
  gone.catch(() => undefined);
  try {
    await once(guard, 'spawn');
  } catch (error) {
    await rm(path, { recursive: true });
    throw error;
  }
  return {
    path,
    async file(name, text) {
      const file = join(path, name);
      await writeFile(file, text, { mode: 0o600, flag: 'wx' });
      return file;
    },
    async folder(name) {
      await mkdir(join(path, name), { mode: 0o700 });
      return join(path, name);
    },
    guard: (group) => void guard.stdin.write(`${group ?? ''}\n`),
    async leave() {
      guard.stdin.end();
      await gone.catch(() => undefined);
      await rm(path, { recursive: true, force: true });
    },
  };
}

/** Where the directory will be. `RESTORE.md` takes the same: a disk may not fit a /tmp in memory. */
export async function roomy(environment: Readonly<Record<string, string | undefined>>): Promise<string> {
  const given = environment['TMPDIR'] || environment['RUNNER_TEMP'];
  if (given) return given;
  const isThere = await stat('/var/tmp').then(
    (one) => one.isDirectory(),
    () => false,
  );
  return isThere ? '/var/tmp' : tmpdir();
}
