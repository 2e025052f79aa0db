import { InputError, OperationError } from '../errors.ts';

/** Bytes that can be read anywhere. */
export interface Readable {
  /** Bytes. */
  readonly size: number;
  readAt(offset: number, length: number): Promise<Buffer>;
}

export interface Inode {
  readonly number: number;
  readonly kind: 'file' | 'directory' | 'link' | 'other';
  /** Permissions with setuid, setgid and sticky. */
  readonly mode: number;
  /** Bytes. */
  readonly size: number;
  readonly uid: number;
  readonly gid: number;
  /** Seconds since the epoch. */
  readonly modified: number;
  readonly flags: number;
  /** Where its data is, or the data itself. */
  readonly block: Buffer;
}

export interface Entry {
  readonly name: Buffer;
  readonly inode: number;
}

const SUPER = 1024;
const MAGIC = 0xef53;
const ROOT = 2;
const JOURNAL_NEEDED = 0x4;
const WIDE = 0x80;
/**
 * Features that change how a file is found, and are understood: file types, recovery, extents, 64 bits, mount
 * protection, flexible groups, attributes in inodes, checksum seeds, large directories, inline data, encryption, case.
 */
const KNOWN = 0x2 | 0x4 | 0x40 | 0x80 | 0x100 | 0x200 | 0x400 | 0x2000 | 0x4000 | 0x8000 | 0x10000 | 0x20000;
const FLAG = { encrypted: 0x800, extents: 0x80000, inline: 0x10000000 } as const;
const EXTENTS_MAGIC = 0xf30a;
const DEEPEST = 5;
const LONGEST_DIRECTORY = 64 << 20;
const MOST_LINKS = 40;
const PIECE = 1 << 20;
const ZEROS = Buffer.alloc(PIECE);

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
  /** Whether it was in use when it was saved: what its journal holds is missing. */
  readonly inUse: boolean;
  readonly #disk: Readable;
  readonly #start: number;
  readonly #block: number;
  readonly #blocks: number;
  readonly #inodes: number;
  readonly #inodesPerGroup: number;
  readonly #inodeBytes: number;
  readonly #groups: number;
  readonly #groupBytes: number;

  /** @returns undefined if there is none at that byte of the disk */
  static async at(disk: Readable, start: number): Promise<Ext | undefined> {
    if (start + 2 * SUPER > disk.size) return undefined;
    const head = await disk.readAt(start + SUPER, SUPER);
    return head.readUInt16LE(56) === MAGIC ? new Ext(disk, start, head) : undefined;
  }

  private constructor(disk: Readable, start: number, head: Buffer) {
    const features = head.readUInt32LE(96);
    if ((features & ~KNOWN) !== 0)
      throw new InputError(
        `the ext file system has features that are not understood: 0x${(features & ~KNOWN).toString(16)}`,
        'Use `serve`, and mount the disk.',
      );
    this.inUse = (features & JOURNAL_NEEDED) !== 0;
    this.#disk = disk;
    this.#start = start;
    this.#block = SUPER * 2 ** Math.min(head.readUInt32LE(24), 7);
    const wide = (features & WIDE) !== 0;
    this.#blocks = head.readUInt32LE(4) + (wide ? head.readUInt32LE(336) * 2 ** 32 : 0);
    this.#inodes = head.readUInt32LE(0);
    this.#inodesPerGroup = head.readUInt32LE(40);
    this.#inodeBytes = head.readUInt32LE(76) === 0 ? 128 : head.readUInt16LE(88);
    this.#groups = head.readUInt32LE(20) + 1;
    this.#groupBytes = wide ? head.readUInt16LE(254) : 32;
    if (head.readUInt32LE(24) > 6 || this.#inodesPerGroup === 0 || this.#inodeBytes < 128)
      throw damaged('its superblock makes no sense');
    if (this.#groupBytes < 32 || (wide && this.#groupBytes < 64)) throw damaged('its groups make no sense');
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
    const entry = (await this.entries(here)).find((one) => one.name.equals(name));
    if (entry === undefined) throw notThere(path);
    return this.#inode(entry.inode);
  }

  /** What a directory has, without itself and its parent. @throws OperationError */
  async entries(directory: Inode): Promise<Entry[]> {
    if (directory.size > LONGEST_DIRECTORY)
      throw damaged(`inode ${directory.number} is too large a directory`);
    const found: Entry[] = [];
    let block: Buffer = Buffer.alloc(0);
    for await (const bytes of this.content(directory)) {
      block = block.length === 0 ? bytes : Buffer.concat([block, bytes]);
      const whole = block.length - (block.length % this.#block);
      for (let at = 0; at < whole; at += this.#block)
        found.push(...entriesIn(block.subarray(at, at + this.#block)));
      block = block.subarray(whole);
    }
    return found;
  }

  inodeOf(entry: Entry): Promise<Inode> {
    return this.#inode(entry.inode);
  }

  /** Where a symbolic link leads. */
  async target(link: Inode): Promise<Buffer> {
    if (link.size < 60 && (link.flags & (FLAG.extents | FLAG.inline)) === 0)
      return link.block.subarray(0, link.size);
    if (link.size > 4096) throw damaged(`the symbolic link of inode ${link.number} is too long`);
    const parts: Buffer[] = [];
    for await (const bytes of this.content(link)) parts.push(bytes);
    return Buffer.concat(parts);
  }

  /** The bytes of a file. @throws InputError for what is encrypted or inside its inode; OperationError for nonsense */
  async *content(inode: Inode): AsyncGenerator<Buffer, void> {
    if ((inode.flags & (FLAG.encrypted | FLAG.inline)) !== 0)
      throw new InputError(
        `inode ${inode.number} is encrypted, or lies within itself, which is not understood`,
        'Use `serve`, and mount the disk.',
      );
    let at = 0;
    const zeros = function* (to: number): Generator<Buffer, void> {
      for (; at < to; at += Math.min(PIECE, to - at)) yield ZEROS.subarray(0, Math.min(PIECE, to - at));
    };
    for await (const piece of this.#pieces(inode)) {
      const [first, end] = [piece.first * this.#block, (piece.first + piece.count) * this.#block];
      if (first >= inode.size) break;
      if (first < at) throw damaged(`the extents of inode ${inode.number} overlap`);
      yield* zeros(first);
      const to = Math.min(end, inode.size);
      if (piece.at === undefined) yield* zeros(to);
      else
        for (const from = piece.at * this.#block - first; at < to; ) {
          const bytes = await this.#read(from + at, Math.min(PIECE, to - at));
          at += bytes.length;
          yield bytes;
        }
    }
    yield* zeros(inode.size);
  }

  async #inode(number: number): Promise<Inode> {
    if (number < 1 || number > this.#inodes) throw damaged(`there is no inode ${number}`);
    const group = Math.floor((number - 1) / this.#inodesPerGroup);
    const entry = await this.#read(this.#groups * this.#block + group * this.#groupBytes, this.#groupBytes);
    const table = entry.readUInt32LE(8) + (this.#groupBytes >= 64 ? entry.readUInt32LE(40) * 2 ** 32 : 0);
    const index = (number - 1) % this.#inodesPerGroup;
    const bytes = await this.#read(table * this.#block + index * this.#inodeBytes, 128);
    const mode = bytes.readUInt16LE(0);
    const size = bytes.readUInt32LE(4) + bytes.readUInt32LE(108) * 2 ** 32;
    if (!Number.isSafeInteger(size)) throw damaged(`inode ${number} has ${size} bytes`);
    return {
      number,
      kind: KINDS[mode >> 12] ?? 'other',
      mode: mode & 0o7777,
      size,
      uid: bytes.readUInt16LE(2) + bytes.readUInt16LE(120) * 2 ** 16,
      gid: bytes.readUInt16LE(24) + bytes.readUInt16LE(122) * 2 ** 16,
      modified: bytes.readUInt32LE(16),
      flags: bytes.readUInt32LE(32),
      block: Buffer.from(bytes.subarray(40, 100)),
    };
  }

  /** In the order of the file. */
  #pieces(inode: Inode): AsyncGenerator<Piece, void> {
    return (inode.flags & FLAG.extents) === 0
      ? this.#mapped(inode)
      : this.#extents(inode.block, inode, DEEPEST, { next: 0 });
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
    for (let nth = 0; nth < count; nth += 1) {
      const entry = node.subarray(12 + 12 * nth, 24 + 12 * nth);
      const first = entry.readUInt32LE(0);
      if (first < reached.next) throw nonsense();
      if (depth > 0) {
        reached.next = first;
        const at = entry.readUInt32LE(4) + entry.readUInt16LE(8) * 2 ** 32;
        const before = reached.next;
        yield* this.#extents(await this.#read(at * this.#block, this.#block), inode, depth - 1, reached);
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
  async *#mapped({ block, size }: Inode): AsyncGenerator<Piece, void> {
    const last = Math.ceil(size / this.#block);
    const numbers = this.#block / 4;
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
      const list = await this.#read(at * this.#block, this.#block);
      for (let nth = 0; nth < numbers; nth += 1)
        yield* walk.call(this, list.readUInt32LE(4 * nth), first + (nth * covers) / numbers, level - 1);
    };
    for (let nth = 0; nth < 12; nth += 1) yield* walk.call(this, block.readUInt32LE(4 * nth), nth, 0);
    for (let level = 1, first = 12; level <= 3; first += numbers ** level, level += 1)
      yield* walk.call(this, block.readUInt32LE(44 + 4 * level), first, level);
  }

  /** Bytes of the file system. */
  async #read(offset: number, length: number): Promise<Buffer> {
    const end = offset + length;
    if (end > this.#blocks * this.#block || this.#start + end > this.#disk.size)
      throw damaged(`it points to byte ${offset}, behind its end`);
    return this.#disk.readAt(this.#start + offset, length);
  }
}

const SLASH = 0x2f;
const DOT = Buffer.from('.');
const DOTS = Buffer.from('..');
const KINDS: Readonly<Record<number, Inode['kind']>> = { 4: 'directory', 8: 'file', 10: 'link' };

function partsOf(path: Buffer): Buffer[] {
  // As bytes: a name need not be UTF-8.
  return path
    .toString('latin1')
    .split('/')
    .filter((part) => part !== '')
    .map((part) => Buffer.from(part, 'latin1'));
}

function entriesIn(block: Buffer): Entry[] {
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

function notThere(path: string): InputError {
  return new InputError(
    `there is no ${JSON.stringify(path)} in the file system`,
    'See what there is with `files list`.',
  );
}

function damaged(why: string): OperationError {
  return new OperationError(
    `the file system is damaged: ${why}`,
    'If it was in use when it was saved, its journal may have the rest: use `serve`, and mount the disk.',
  );
}
