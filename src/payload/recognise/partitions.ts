import { DISK_HEAD, diskIn } from '../disk-head.ts';
import { gptIn } from './gpt.ts';
import { chainedIn, mbrIn } from './mbr.ts';
import type { Partition } from './partition.ts';

/**
 * The partitions of a disk that can be read anywhere; undefined if it has no table.
 *
 * @param disk its size, and how to read some of it, in bytes
 */
export async function partitionsOf(disk: {
  readonly size: number;
  readAt(offset: number, length: number): Promise<Buffer>;
}): Promise<readonly Partition[] | undefined> {
  const head = await disk.readAt(0, Math.min(DISK_HEAD, disk.size));
  const gpt = gptIn(head);
  if (gpt !== undefined) return gpt.partitions;
  if (diskIn(head) !== 'an MBR partition table') return undefined;
  const table = mbrIn(head);
  const partitions = [...table.partitions];
  for (let next = table.next; next !== undefined; ) {
    if (next.at + 512 > disk.size) break;
    const record = chainedIn(await disk.readAt(next.at, 512), next);
    partitions.push(...record.partitions);
    next = record.next;
  }
  return partitions;
}
