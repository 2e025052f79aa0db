import { damaged } from './faults.ts';

export interface Entry {
  readonly name: Buffer;
  readonly inode: number;
}

export const DOT = Buffer.from('.');
export const DOTS = Buffer.from('..');

/**
 * What a block of a directory has, without the directory itself and its parent. The index of a large one looks like
 * entries that nobody uses. https://docs.kernel.org/filesystems/ext4/directory.html
 *
 * @throws OperationError for nonsense
 */
export function entriesIn(block: Buffer): Entry[] {
  const found: Entry[] = [];
  for (let at = 0; at + 8 <= block.length; ) {
    const inode = block.readUInt32LE(at);
    const said = block.readUInt16LE(at + 4);
    const length = said === 65_535 || said === 0 ? 65_536 : said;
    const name = block.subarray(at + 8, at + 8 + (block[at + 6] ?? 0));
    if (length < 8 || length % 4 !== 0 || at + length > block.length || name.length + 8 > length)
      throw damaged('a directory makes no sense');
    if (inode !== 0 && name.length > 0 && !name.equals(DOT) && !name.equals(DOTS))
      found.push({ name: Buffer.from(name), inode });
    at += length;
  }
  return found;
}
