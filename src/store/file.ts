import { open, rm } from 'node:fs/promises';
import { messageOf, OperationError } from '../errors.ts';

/**
 * Writes a new file that only its owner can read, and syncs it to disk. If that fails, removes what was written.
 *
 * @param called what messages call it
 * @param input the input that chooses another place
 * @throws OperationError if it cannot be written, or exists already
 */
export async function writeNew(
  path: string,
  bytes: AsyncIterable<Uint8Array>,
  called: string,
  input: string,
): Promise<void> {
  const told = (error: unknown) => notWritten(error, called, input);
  const file = await open(path, 'wx', 0o600).catch((error: unknown) => {
    throw told(error);
  });
  try {
    for await (const piece of bytes) {
      for (let at = 0; at < piece.length; ) {
        const { bytesWritten } = await file.write(piece, at).catch((error: unknown) => {
          throw told(error);
        });
        at += bytesWritten;
      }
    }
    await file.sync();
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  } finally {
    await file.close();
  }
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
