import { randomUUID } from 'node:crypto';
import { chmod, chown, mkdtemp, open, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jest } from '@jest/globals';
import { thisProcess } from '../../../src/host/terminal/process.ts';
import { formatOwner, type Liveness } from '../../../src/ports/owner.ts';
import { directoryPlace } from '../../../src/store/directory.ts';
import type { PlaceUnderTest } from './place-under-test.ts';

export interface DirectoryUnderTest extends PlaceUnderTest {
  readonly path: string;
  /** From now on its owner may do only this with it. */
  restrict(mode: number): Promise<AsyncDisposable>;
}

/** A directory of its own. */
export async function openDirectory(now = () => Date.now()): Promise<DirectoryUnderTest> {
  const path = await mkdtemp(join(tmpdir(), 'store-'));
  // Each run is another process, by its number.
  const lives = new Map<number, Liveness>();
  const everything = async () => {
    const own = (await readdir(path)).filter((name) => name.startsWith('.'));
    return [...own, ...(await filesIn(path, ''))];
  };
  return {
    path,
    notes: true,
    exclusive: true,
    open: async () => {
      const pid = lives.size + 1;
      const owner = formatOwner({ ...thisProcess(), pid });
      const seem = (liveness: Liveness) => void lives.set(pid, liveness);
      seem('alive');
      const liveness = async (of: { kind: string; pid?: number }) => lives.get(of.pid ?? 0) ?? 'unknown';
      return { seem, place: directoryPlace(path, { run: { id: randomUUID(), owner }, liveness, now }) };
    },
    everything,
    names: async () => (await everything()).filter((name) => !name.startsWith('.')),
    raw: (name) => readFile(join(path, name)),
    fill: fullDisk,
    lock: () => restricted(path, 0o555),
    restrict: (mode) => restricted(path, mode),
    [Symbol.asyncDispose]: () => rm(path, { recursive: true }),
  };
}

/** An empty folder is one too. */
async function filesIn(path: string, folder: string): Promise<string[]> {
  const entries = await readdir(join(path, folder), { withFileTypes: true });
  if (entries.length === 0 && folder !== '') return [folder];
  const names = entries.filter(({ name }) => !name.startsWith('.'));
  const inside = names.map((entry) =>
    entry.isDirectory() ? filesIn(path, `${folder}${entry.name}/`) : [`${folder}${entry.name}`],
  );
  return (await Promise.all(inside)).flat();
}

/** As a kernel does: it takes what fits, and then nothing. */
async function fullDisk(bytes: number): Promise<AsyncDisposable> {
  await using some = await open('/dev/null', 'r');
  const prototype = Object.getPrototypeOf(some) as typeof some;
  const write = prototype.write as (...given: unknown[]) => Promise<{ bytesWritten: number }>;
  let left = bytes;
  const spy = jest.spyOn(prototype, 'write').mockImplementation(async function (
    this: unknown,
    piece: unknown,
    at: unknown,
  ) {
    const offset = typeof at === 'number' ? at : 0;
    const length = Math.min(left, (piece as Uint8Array).length - offset);
    if (length === 0)
      throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
    left -= length;
    return write.call(this, piece, offset, length) as never;
  } as never);
  return { [Symbol.asyncDispose]: async () => spy.mockRestore() };
}

const NOBODY = 65_534;

/** Root may do everything: for as long, this process is nobody. */
async function restricted(path: string, mode: number): Promise<AsyncDisposable> {
  const isRoot = process.geteuid?.() === 0;
  if (isRoot)
    for (const name of ['', ...(await readdir(path))]) await chown(join(path, name), NOBODY, NOBODY);
  await chmod(path, mode);
  if (isRoot) process.seteuid?.(NOBODY);
  return {
    [Symbol.asyncDispose]: async () => {
      if (isRoot) process.seteuid?.(0);
      await chmod(path, 0o700);
    },
  };
}
