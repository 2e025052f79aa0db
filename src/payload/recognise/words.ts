import { bytes } from '../../text/bytes.ts';
import { counted } from '../../text/words.ts';
import type { Recognised } from './recogniser.ts';

/** "a GPT partition table with 2 partitions: 1 FAT (512 MiB), 2 ext4 (20 GiB)". */
export function recognisedWords({ what, blank, partitions, faults }: Recognised): string {
  if (what === undefined)
    return blank ? 'empty: its first MiB is zeros' : 'no known partition table or file system';
  const parts = partitions.map(
    ({ number, what: inside, size }) => `${number} ${inside ?? 'nothing known'} (${bytes(size)})`,
  );
  const table =
    parts.length === 0 ? what : `${what} with ${counted(parts.length, 'partition')}: ${parts.join(', ')}`;
  return [table, ...faults].join('; ');
}

/** Whether that proves by itself that the disk is one: a file system, or a table with one in a partition. */
export function isProof({ what, partitions, faults }: Recognised): boolean {
  if (what === undefined || faults.length > 0) return false;
  return !what.endsWith('partition table') || partitions.some(({ what: inside }) => inside !== undefined);
}
