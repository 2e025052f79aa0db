import { headerLength, luksVersion, openLuks } from '../../keys/unlock.ts';
import type { DiskAt } from '../../payload/blocks/at.ts';
import { cached } from '../../payload/blocks/cached.ts';
import { unlockedAt } from '../../payload/blocks/unlocked.ts';
import type { PayloadStore } from '../../payload/store.ts';
import { keepYoungHeapSmall } from '../../stream/young-heap.ts';
import type { Context } from '../context.ts';
import { luksWords, notLuks, notOpened, passphrasesIn, type StoredDisk } from './stored-disk.ts';

/** A disk in a store that can be read anywhere. */
export interface ReadableDisk {
  /** Decrypted if that is asked for. */
  readonly disk: DiskAt;
  /** Bytes that came from the store so far. */
  fetched(): number;
  /** What was opened: version, cipher, key slot; empty if nothing was. */
  readonly luks: string;
}

/**
 * @param unlock open it with its saved key
 * @throws PlainError if it is not there, is damaged, or cannot be opened
 */
export async function diskAt(
  context: Context,
  store: PayloadStore,
  stored: StoredDisk,
  unlock: boolean,
): Promise<ReadableDisk> {
  keepYoungHeapSmall();
  const disk = cached(await store.openAt(stored.payload));
  const { fetched } = disk;
  if (!unlock || stored.key === undefined) return { disk, fetched, luks: '' };
  const passphrases = await passphrasesIn(context, store, stored.key);
  const head = await headOf(disk);
  if (luksVersion(head) === undefined) throw notLuks(stored.called);
  const { host } = context;
  const opened = await openLuks(head, passphrases, host.signal);
  if (opened === undefined) throw notOpened(stored.called);
  const luks = luksWords(opened);
  host.log.info(`${luks}: the saved key opens it`);
  return { disk: unlockedAt(disk, opened), fetched, luks };
}

/** As many first bytes as it takes to open the disk. */
async function headOf(disk: DiskAt): Promise<Buffer> {
  let head = Buffer.alloc(0);
  for (let wanted = headerLength(head); wanted > head.length && head.length < disk.size; ) {
    head = Buffer.concat([head, await disk.readAt(head.length, wanted - head.length)]);
    wanted = headerLength(head);
  }
  return head;
}
