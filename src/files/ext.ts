import { InputError } from '../errors.ts';
import { zeros } from '../stream/zeros.ts';
import { DOT, DOTS, type Entry, entriesIn } from './directory.ts';
import { damaged, notThere, notUnderstood } from './faults.ts';
import { INODE_HEAD, type Inode, parseInode } from './inode.ts';
import { type Layout, parseSuperblock, SUPER } from './superblock.ts';

/** Bytes that can be read anywhere. */
export interface Readable {
  /** Bytes. */
  readonly size: number;
  readAt(offset: number, length: number): Promise<Buffer>;
}

const ROOT = 2;
const EXTENTS_MAGIC = 0xf30a;
const DEEPEST = 5;
const LARGEST_DIRECTORY = 2 ** 30;
const LONGEST_LINK = 4096;
/** A shorter link lies where others say where their data is. */
const SHORT_LINK = 60;
const MOST_LINKS = 40;
const PIECE = 1 << 20;

/** Blocks of a file that lie together; `at` undefined: zeros. */
interface Piece {
  readonly first: number;
  readonly count: number;
  readonly at: number | undefined;
}

/**
 * Reads ext2, ext3 and ext4: https://docs.kernel.org/filesystems/ext4/. Nothing in it is trusted: what makes no sense
 * is an OperationError, and the memory is bounded. The journal is not looked at.
 */
export class Ext {
  /** Whether it was in use when it was saved: what was written last is missing. */
  readonly inUse: boolean;
  readonly #disk: Readable;
  readonly #start: number;
  readonly #layout: Layout;

  /**
   * @returns undefined if there is none at that byte of the disk
   * @throws PlainError for one that is not understood, or makes no sense
   */
  static async at(disk: Readable, start: number): Promise<Ext | undefined> {
    if (start + 2 * SUPER > disk.size) return undefined;
    const layout = parseSuperblock(await disk.readAt(start + SUPER, SUPER));
    return layout && new Ext(disk, start, layout);
  }

  private constructor(disk: Readable, start: number, layout: Layout) {
    this.inUse = layout.inUse;
    this.#disk = disk;
    this.#start = start;
    this.#layout = layout;
  }

  /**
   * The inode at a path, links followed.
   *
   * @param path from the root of the file system, with or without a leading slash
   * @throws InputError if it is not there
   */
  async find(path: string): Promise<Inode> {
    let left = partsOf(Buffer.from(path));
    const way = [await this.#inode(ROOT)];
    let links = 0;
    for (let name = left.shift(); name !== undefined; name = left.shift()) {
      const inode = await this.#next(way, name, path);
      if (inode?.kind === 'link') {
        links += 1;
        if (links > MOST_LINKS)
          throw new InputError(`too many symbolic links lead to ${JSON.stringify(path)}`);
        const target = await this.target(inode);
        if (target[0] === SLASH) way.length = 1;
        left = [...partsOf(target), ...left];
      } else if (inode !== undefined) way.push(inode);
    }
    return way.at(-1) ?? this.#inode(ROOT);
  }

  /** @returns undefined for the directory itself, and for its parent, which is the end of the way then */
  async #next(way: Inode[], name: Buffer, path: string): Promise<Inode | undefined> {
    const here = way.at(-1);
    if (here?.kind !== 'directory') throw notThere(path);
    if (name.equals(DOT)) return undefined;
    if (name.equals(DOTS)) {
      if (way.length > 1) way.pop();
      return undefined;
    }
    for await (const entry of this.entries(here))
      if (entry.name.equals(name)) return this.#inode(entry.inode);
    throw notThere(path);
  }

  /** What a directory has, without itself and its parent. @throws OperationError */
  async *entries(directory: Inode): AsyncGenerator<Entry, void> {
    const { block } = this.#layout;
    if (directory.size > LARGEST_DIRECTORY)
      throw notUnderstood(`the directory of inode ${directory.number} has ${directory.size} bytes`);
    let held: Buffer = Buffer.alloc(0);
    for await (const bytes of this.content(directory)) {
      held = held.length === 0 ? bytes : Buffer.concat([held, bytes]);
      const whole = held.length - (held.length % block);
      for (let at = 0; at < whole; at += block) yield* entriesIn(held.subarray(at, at + block));
      held = held.subarray(whole);
    }
  }

  inodeOf(entry: Entry): Promise<Inode> {
    return this.#inode(entry.inode);
  }

  /** Where a symbolic link leads. @throws as {@link content} */
  async target(link: Inode): Promise<Buffer> {
    if (link.size < SHORT_LINK && !link.hasExtents && !link.isInline && !link.isEncrypted)
      return link.block.subarray(0, link.size);
    if (link.size > LONGEST_LINK) throw damaged(`the symbolic link of inode ${link.number} is too long`);
    const parts: Buffer[] = [];
    for await (const bytes of this.content(link)) parts.push(bytes);
    return Buffer.concat(parts);
  }

  /** The bytes of a file. @throws InputError for what is encrypted or inside its inode; OperationError for nonsense */
  async *content(inode: Inode): AsyncGenerator<Buffer, void> {
    const { number, size } = inode;
    if (inode.isEncrypted)
      throw notUnderstood(`inode ${number} is encrypted by its file system, whose key nobody has saved`);
    if (inode.isInline)
      throw notUnderstood(`the data of inode ${number} lies within it, which is not understood`);
    const { block } = this.#layout;
    let at = 0;
    for await (const piece of this.#pieces(inode)) {
      const [first, end] = [piece.first * block, (piece.first + piece.count) * block];
      if (first >= size) break;
      if (first < at) throw damaged(`the extents of inode ${number} overlap`);
      const to = Math.min(end, size);
      const hole = piece.at === undefined ? to : first;
      yield* zeros(hole - at);
      at = hole;
      for (const from = (piece.at ?? 0) * block - first; at < to; ) {
        const bytes = await this.#read(from + at, Math.min(PIECE, to - at));
        at += bytes.length;
        yield bytes;
      }
    }
    yield* zeros(size - at);
  }

  async #inode(number: number): Promise<Inode> {
    const { inodes, inodesPerGroup, inodeBytes, descriptorBytes, descriptorAt, block } = this.#layout;
    if (number < 1 || number > inodes) throw damaged(`there is no inode ${number}`);
    const group = Math.floor((number - 1) / inodesPerGroup);
    const entry = await this.#read(descriptorAt(group), descriptorBytes);
    const table = entry.readUInt32LE(8) + (descriptorBytes >= 64 ? entry.readUInt32LE(40) * 2 ** 32 : 0);
    const index = (number - 1) % inodesPerGroup;
    const bytes = await this.#read(table * block + index * inodeBytes, Math.min(inodeBytes, INODE_HEAD));
    return parseInode(number, bytes, block);
  }

  /** In the order of the file. */
  #pieces(inode: Inode): AsyncGenerator<Piece, void> {
    return inode.hasExtents ? this.#extents(inode.block, inode, DEEPEST, { next: 0 }) : this.#mapped(inode);
  }

  /** @param reached blocks of the file never come again: so it ends, whatever somebody wrote */
  async *#extents(
    node: Buffer,
    inode: Inode,
    deepest: number,
    reached: { next: number },
  ): AsyncGenerator<Piece, void> {
    const nonsense = () => damaged(`the extents of inode ${inode.number} make no sense`);
    if (node.readUInt16LE(0) !== EXTENTS_MAGIC) throw nonsense();
    const [count, depth] = [node.readUInt16LE(2), node.readUInt16LE(6)];
    if (depth > deepest || 12 + 12 * count > node.length) throw nonsense();
    const { block } = this.#layout;
    for (let nth = 0; nth < count; nth += 1) {
      const entry = node.subarray(12 + 12 * nth, 24 + 12 * nth);
      const first = entry.readUInt32LE(0);
      if (first < reached.next) throw nonsense();
      if (depth > 0) {
        reached.next = first;
        const at = entry.readUInt32LE(4) + entry.readUInt16LE(8) * 2 ** 32;
        const before = reached.next;
        yield* this.#extents(await this.#read(at * block, block), inode, depth - 1, reached);
        // An index with nothing behind it would let others like it follow for ever.
        if (reached.next === before) throw nonsense();
        continue;
      }
      const length = entry.readUInt16LE(4);
      const unwritten = length > 32_768;
      const blocks = unwritten ? length - 32_768 : length;
      reached.next = first + blocks;
      if (blocks === 0) throw nonsense();
      const at = entry.readUInt32LE(8) + entry.readUInt16LE(6) * 2 ** 32;
      yield { first, count: blocks, at: unwritten ? undefined : at };
    }
  }

  /** ext2 and ext3: twelve blocks, then blocks of numbers of blocks, in up to three levels. */
  async *#mapped({ block: map, size }: Inode): AsyncGenerator<Piece, void> {
    const { block } = this.#layout;
    const last = Math.ceil(size / block);
    const numbers = block / 4;
    const walk = async function* (
      this: Ext,
      at: number,
      first: number,
      level: number,
    ): AsyncGenerator<Piece, void> {
      const covers = numbers ** level;
      if (first >= last || at === 0) return;
      if (level === 0) {
        yield { first, count: 1, at };
        return;
      }
      const list = await this.#read(at * block, block);
      for (let nth = 0; nth < numbers; nth += 1)
        yield* walk.call(this, list.readUInt32LE(4 * nth), first + (nth * covers) / numbers, level - 1);
    };
    for (let nth = 0; nth < 12; nth += 1) yield* walk.call(this, map.readUInt32LE(4 * nth), nth, 0);
    for (let level = 1, first = 12; level <= 3; first += numbers ** level, level += 1)
      yield* walk.call(this, map.readUInt32LE(44 + 4 * level), first, level);
  }

  /** Bytes of the file system. */
  async #read(offset: number, length: number): Promise<Buffer> {
    const { blocks, block } = this.#layout;
    const end = offset + length;
    if (!Number.isSafeInteger(end) || end > blocks * block || this.#start + end > this.#disk.size)
      throw damaged(`it points to byte ${offset}, past its end`);
    return this.#disk.readAt(this.#start + offset, length);
  }
}

const SLASH = 0x2f;

function partsOf(path: Buffer): Buffer[] {
  // As bytes: a name need not be UTF-8.
  return path
    .toString('latin1')
    .split('/')
    .filter((part) => part !== '')
    .map((part) => Buffer.from(part, 'latin1'));
}
