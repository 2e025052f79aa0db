import { crc32, inflateRawSync } from 'node:zlib';

/**
 * Unpacks a few small files of an untrusted archive, in memory and within bounds: counts the sizes instead of believing
 * them, ignores names with directories, and writes nothing.
 * https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
 *
 * @param wanted which files to unpack
 * @param limit bytes that a file may unpack to
 * @throws RangeError if a file unpacks to more
 * @throws TypeError if it is not an archive, or not a complete one
 */
export function unzip(
  archive: Buffer,
  wanted: (name: string) => boolean,
  limit: number,
): Record<string, Buffer> {
  const files: Record<string, Buffer> = {};
  for (const entry of entriesOf(archive)) {
    if (!wanted(entry.name)) continue;
    if (Object.hasOwn(files, entry.name)) throw new TypeError(`${entry.name} appears twice`);
    files[entry.name] = contentOf(archive, entry, limit);
  }
  return files;
}

interface Entry {
  readonly name: string;
  readonly flags: number;
  readonly method: number;
  readonly crc: number;
  readonly packed: number;
  readonly size: number;
  readonly at: number;
}

const MOST_ENTRIES = 1000;
const END = 0x06054b50;
const CENTRAL = 0x02014b50;
const LOCAL = 0x04034b50;

function entriesOf(archive: Buffer): Entry[] {
  const end = endOf(archive);
  const count = archive.readUInt16LE(end + 10);
  if (count > MOST_ENTRIES) throw new TypeError(`it has ${count} files`);
  const entries: Entry[] = [];
  for (let at = archive.readUInt32LE(end + 16), left = count; left > 0; left -= 1) {
    if (at + 46 > archive.length || archive.readUInt32LE(at) !== CENTRAL)
      throw new TypeError('its list of files is broken');
    const [name, extra, comment] = [at + 28, at + 30, at + 32].map((place) =>
      archive.readUInt16LE(place),
    ) as [number, number, number];
    entries.push({
      flags: archive.readUInt16LE(at + 8),
      method: archive.readUInt16LE(at + 10),
      crc: archive.readUInt32LE(at + 16),
      packed: archive.readUInt32LE(at + 20),
      size: archive.readUInt32LE(at + 24),
      at: archive.readUInt32LE(at + 42),
      name: archive.toString('utf8', at + 46, at + 46 + name),
    });
    at += 46 + name + extra + comment;
  }
  return entries;
}

/** Finds the record at the end; only a comment may follow it. */
function endOf(archive: Buffer): number {
  for (let at = archive.length - 22; at >= Math.max(0, archive.length - 22 - 0xffff); at -= 1)
    if (archive.readUInt32LE(at) === END) return at;
  throw new TypeError('it is not a complete zip archive');
}

function contentOf(archive: Buffer, entry: Entry, limit: number): Buffer {
  const { name, at, packed, method } = entry;
  if ((entry.flags & 1) !== 0) throw new TypeError(`${name} is encrypted`);
  if (at + 30 > archive.length || archive.readUInt32LE(at) !== LOCAL)
    throw new TypeError(`${name} is not where the archive says`);
  const start = at + 30 + archive.readUInt16LE(at + 26) + archive.readUInt16LE(at + 28);
  if (start + packed > archive.length) throw new TypeError(`${name} is cut short`);
  const content = unpack(archive.subarray(start, start + packed), name, method, limit);
  if (content.length !== entry.size || crc32(content) !== entry.crc)
    throw new TypeError(`${name} is not what the archive says`);
  return content;
}

function unpack(packed: Buffer, name: string, method: number, limit: number): Buffer {
  if (method !== 0 && method !== 8)
    throw new TypeError(`${name} uses an unsupported compression method (${method})`);
  if (method === 0 && packed.length > limit) throw new RangeError(`${name} is longer than ${limit} bytes`);
  if (method === 0) return Buffer.from(packed);
  try {
    return inflateRawSync(packed, { maxOutputLength: limit });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE')
      throw new RangeError(`${name} unpacks to more than ${limit} bytes`);
    throw new TypeError(`${name} cannot be unpacked`);
  }
}
