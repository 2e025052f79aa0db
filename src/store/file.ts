import { type FileHandle, link, lstat, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { messageOf, OperationError } from '../errors.ts';
import { chunksOf } from '../stream/chunks.ts';

/** What is zeros in whole is left out of a sparse file. */
const BLOCK = 64 * 1024;
const ZEROS = Buffer.alloc(BLOCK);

/**
 * Writes a new file that only its owner can read, and syncs it to disk. If that fails, removes what was written.
 *
 * @param called what messages call it
 * @param input the input that chooses another place
 * @param sparse leaves out blocks of zeros, which take no room then
 * @throws OperationError if it cannot be written, or exists already
 */
export async function writeNew(
  path: string,
  bytes: AsyncIterable<Uint8Array>,
  called: string,
  input: string,
  sparse = false,
): Promise<void> {
  const told = (error: unknown) => notWritten(error, called, input);
  const file = await open(path, 'wx', 0o600).catch((error: unknown) => {
    throw told(error);
  });
  try {
    let position = 0;
    for await (const piece of sparse ? blocksOf(bytes) : bytes) {
      const isHole = sparse && ZEROS.subarray(0, piece.length).equals(piece);
      for (let at = isHole ? piece.length : 0; at < piece.length; ) {
        const left = piece.length - at;
        const { bytesWritten } = await file.write(piece, at, left, position + at).catch((error: unknown) => {
          throw told(error);
        });
        at += bytesWritten;
      }
      position += piece.length;
    }
    // It may end with a hole, and some file systems tell only in the end that they are full.
    await settled(file, sparse ? position : undefined).catch((error: unknown) => {
      throw told(error);
    });
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  } finally {
    await file.close();
  }
}

/** @param size bytes that it is to have; undefined: those that were written */
async function settled(file: FileHandle, size: number | undefined): Promise<void> {
  if (size !== undefined) await file.truncate(size);
  await file.sync();
}

/** What follows the name of a file until it is whole. */
export const PARTIAL = '.partial';

/**
 * Like {@link writeNew}, but under the name `PATH.partial` until it is whole: a process that is killed leaves nothing
 * that looks like a whole file.
 *
 * @throws OperationError if it cannot be written, or either name exists
 */
export async function writeWhole(
  path: string,
  bytes: AsyncIterable<Uint8Array>,
  called: string,
  input: string,
  sparse: boolean,
): Promise<void> {
  const partial = path + PARTIAL;
  await writeNew(partial, bytes, called, input, sparse);
  try {
    await publish(partial, path);
  } catch (error) {
    await rm(partial, { force: true });
    throw notWritten(error, called, input);
  }
}

/** Gives the file its new name, unless that exists; then syncs the directory, so that the name lasts. */
export async function publish(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    // Some file systems have no hard links.
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'].includes((error as { code?: string }).code ?? ''))
      throw error;
    if (await exists(to)) throw new Error('it exists');
    await rename(from, to);
  }
  try {
    await rm(from, { force: true });
    await syncDirectory(dirname(to));
  } catch (error) {
    await rm(to, { force: true });
    throw error;
  }
}

/** Whether something is there, be it a link to nothing. */
export async function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}

async function* blocksOf(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  for await (const chunk of chunksOf(bytes, BLOCK)) yield chunk.bytes;
}

export function notWritten(error: unknown, called: string, input: string): OperationError {
  return new OperationError(
    `cannot write ${called}: ${messageOf(error)}`,
    (error as { code?: string }).code === 'ENOSPC'
      ? `The disk is full: make room, or name a larger place with \`${input}\`.`
      : `Choose another place with \`${input}\`.`,
    error,
  );
}

/** Makes new and removed names last. Some file systems cannot sync a directory, and need not. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  await directory.sync().catch(() => undefined);
  await directory.close();
}
