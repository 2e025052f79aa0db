import { messageOf, PlainError } from '../errors.ts';
import { headerLength, isLuks, keyOpens } from '../keys/unlock.ts';
import { DISK_HEAD, diskIn } from '../payload/disk-head.ts';
import { openKey } from '../payload/open-key.ts';
import type { PayloadStore } from '../payload/store.ts';
import { peek } from '../stream/chunks.ts';
import type { Seen } from './seen.ts';
import type { StoredPart } from './subjects.ts';

export interface Opening {
  readonly store: Pick<PayloadStore, 'open'>;
  /** Is told each key, so that no output shows it. */
  readonly hide: (bytes: Buffer) => void;
  readonly signal: AbortSignal;
  readonly onBytes: (count: number) => void;
}

type Opened = Pick<Seen, 'level' | 'fault' | 'unsure' | 'found' | 'isBlank'>;

/**
 * Opens a payload and reads all of it, which compares every digest that was recorded; with `deep` looks at its head.
 *
 * @throws what {@link PayloadStore.open} throws; then the data is not what was saved, or could not be read
 */
export async function readOpened(part: StoredPart, deep: boolean, tools: Opening): Promise<Opened> {
  const { whole, encrypted, isDisk } = part;
  if (whole === undefined) throw new TypeError('its manifest was not opened');
  const looks = deep && isDisk;
  const need = (head: Buffer): number => {
    if (!looks) return 0;
    // What is no LUKS image after all is told by its digest first.
    return Math.max(DISK_HEAD, encrypted || isLuks(head) ? lengthOf(head) : 0);
  };
  const { head, stream } = await peek(await tools.store.open(whole), need);
  for await (const piece of stream) {
    tools.signal.throwIfAborted();
    tools.onBytes(piece.length);
  }
  if (!looks) return { level: 'L1b' };
  return encrypted ? openedByKey(part, head, tools) : recognized(head);
}

function recognized(head: Buffer): Opened {
  const start = head.subarray(0, DISK_HEAD);
  if (start.every((byte) => byte === 0))
    return { level: 'L1b', found: 'empty: its first MiB is zeros', isBlank: true };
  const found = diskIn(start);
  return found === undefined
    ? { level: 'L1b', found: 'no known partition table or file system in its first MiB' }
    : { level: 'L2', found };
}

async function openedByKey({ key }: StoredPart, head: Buffer, tools: Opening): Promise<Opened> {
  if (key === undefined) return { level: 'L1b', found: 'its key was not saved' };
  try {
    const secret = await openKey(tools.hide, tools.store, key);
    return (await keyOpens(head, secret, key.resource.secretType, tools.signal))
      ? { level: 'L2', found: 'LUKS, opened by its saved key' }
      : { level: 'L1b', fault: 'its saved key does not open its LUKS header' };
  } catch (error) {
    if (tools.signal.aborted || !(error instanceof PlainError)) throw error;
    return { level: 'L1b', found: `its key could not be tried: ${messageOf(error)}` };
  }
}

function lengthOf(head: Buffer): number {
  try {
    return headerLength(head);
  } catch {
    return 0;
  }
}
