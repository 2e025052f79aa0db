import { resolve } from 'node:path';
import { InputError, messageOf } from '../errors.ts';
import type { Entry } from '../files/directory.ts';
import { Ext } from '../files/ext.ts';
import { DamagedFiles } from '../files/faults.ts';
import type { Inode } from '../files/inode.ts';
import type { filesGetInputs, filesListInputs } from '../inputs/files.ts';
import type { Values } from '../inputs/table.ts';
import type { DiskAt } from '../payload/blocks/at.ts';
import { DISK_HEAD, diskIn } from '../payload/disk-head.ts';
import { partitionsOf } from '../payload/recognise/partitions.ts';
import { writeWhole } from '../store/file.ts';
import { Meter } from '../stream/meter.ts';
import { stoppable } from '../stream/stoppable.ts';
import { bytes } from '../text/bytes.ts';
import { forLog, quoted } from '../text/escape.ts';
import { counted } from '../text/words.ts';
import type { Context } from './context.ts';
import { restoringStore } from './places/storing.ts';
import { diskAt } from './reading/disk-at.ts';
import { storedDisk } from './reading/stored-disk.ts';
import { toOutput } from './to-output.ts';
import { refuseOutput } from './unlock.ts';

type ListGiven = Values<typeof filesListInputs>;
type GetGiven = Values<typeof filesGetInputs>;

/** More would take too much memory. */
const MOST_LISTED = 250_000;
/** Damaged files that are told one by one. */
const MOST_TOLD = 20;
const USE_SERVE = 'Use `serve` with nbdfuse or guestmount: see docs/one-file-back.md.';

/** Lists a directory of a disk in a store, or one file. What is damaged in it fails alone. */
export async function listFiles(context: Context, given: ListGiven) {
  const { log } = context.host;
  const { ext, fetched } = await fileSystemOf(context, given);
  const found = await ext.find(given.path);
  const files: Listed[] = [];
  if (found.kind !== 'directory') files.push({ name: given.path, inode: found });
  else for (const entry of await entriesOf(ext, found, given.path)) files.push(await listed(ext, entry));
  files.sort((one, other) => (one.name < other.name ? -1 : 1));
  log.info(`${counted(files.length, 'file')}; ${bytes(fetched())} came from the store`);
  const damaged = files.filter(({ inode }) => inode instanceof DamagedFiles);
  for (const { name, inode } of damaged.slice(0, MOST_TOLD))
    log.error(`${quoted(name)}: ${messageOf(inode)}`);
  if (damaged.length > MOST_TOLD) log.error(`${damaged.length - MOST_TOLD} more files are damaged`);
  return {
    outputs: { files: JSON.stringify(files.map(toldOf)), fetched: String(fetched()) },
    failed: damaged.length > 0,
    printed: linesOf(files).join(''),
  };
}

/** An entry of a directory, and its inode or what is wrong with that. */
interface Listed {
  readonly name: string;
  readonly inode: Inode | DamagedFiles;
}

async function entriesOf(ext: Ext, directory: Inode, path: string): Promise<Entry[]> {
  const entries: Entry[] = [];
  for await (const entry of ext.entries(directory)) {
    if (entries.length === MOST_LISTED)
      throw new InputError(
        `${quoted(path)} has more than ${MOST_LISTED} files`,
        'Take one with `files get`, or use `serve`, and mount the disk.',
      );
    entries.push(entry);
  }
  return entries;
}

async function listed(ext: Ext, entry: Entry): Promise<Listed> {
  const name = entry.name.toString();
  try {
    return { name, inode: await ext.inodeOf(entry) };
  } catch (error) {
    if (!(error instanceof DamagedFiles)) throw error;
    return { name, inode: error };
  }
}

function toldOf({ name, inode }: Listed) {
  if (inode instanceof DamagedFiles) return { name, kind: 'damaged' };
  const { kind, size, mode, uid, gid, modified } = inode;
  return {
    name,
    kind,
    size,
    mode: mode.toString(8).padStart(4, '0'),
    uid,
    gid,
    modified: new Date(modified * 1000).toISOString(),
  };
}

function linesOf(files: readonly Listed[]): string[] {
  const all = files.map(toldOf);
  const width = Math.max(0, ...all.map(({ size = '' }) => String(size).length));
  return all.map(
    ({ name, kind, size = '', mode = '', modified = '' }) =>
      `${kind.padEnd(9)} ${mode.padEnd(4)} ${String(size).padStart(width)} ${modified.replace(/\.\d+/, '').padEnd(20)} ${forLog(name)}\n`,
  );
}

/** Writes one file of a disk in a store to a new file or standard output. */
export async function getFile(context: Context, given: GetGiven) {
  const { host, dryRun } = context;
  const output = resolve(host.directory, given.to);
  if (given.to !== '-') await refuseOutput(output, given.to);
  const sink = given.to === '-' && !dryRun ? host.terminal?.output() : undefined;
  const { ext, fetched } = await fileSystemOf(context, given);
  const inode = await ext.find(given.path);
  if (inode.kind !== 'file')
    throw new InputError(
      `${quoted(given.path)} is no file, but a ${inode.kind === 'other' ? 'device' : inode.kind}`,
      `Name a file in it, or use \`serve\`, and mount the disk.`,
    );
  const size = String(inode.size);
  if (dryRun) return { outputs: {}, failed: false, plan: { get: { path: given.path, size, to: given.to } } };
  const written = new Meter(['sha256']);
  const content = written.through(stoppable(ext.content(inode), host.signal));
  if (sink === undefined) await writeWhole(output, content, quoted(given.to), 'to', true);
  else await toOutput(content, sink, host.signal);
  const sha256 = written.digests()['sha256'] ?? '';
  host.log.info(`${bytes(written.size)} written, SHA-256 ${sha256}; ${bytes(fetched())} came from the store`);
  return { outputs: { size, sha256, fetched: String(fetched()) }, failed: false };
}

async function fileSystemOf(context: Context, given: Omit<ListGiven, 'path'>) {
  const { host } = context;
  if (host.terminal === undefined) throw new InputError('`files` is for a terminal');
  const stored = await storedDisk(context, given);
  if (stored.format !== 'raw')
    throw new InputError(
      `${stored.called} is ${stored.format}, and only raw disks are looked into`,
      USE_SERVE,
    );
  if (stored.encrypted && !given.unlock)
    throw new InputError(`${stored.called} is encrypted`, 'Open it with its saved key: `unlock: true`.');
  const store = await restoringStore(context, given);
  const { disk, fetched } = await diskAt(context, store, stored, given.unlock);
  const ext = await extIn(disk, given.partition);
  if (ext.inUse)
    host.log.warn(
      'the file system was in use when it was saved, and no journal is replayed: what was written last may be missing',
    );
  return { ext, fetched };
}

/**
 * @param partition its number; 0: the only one that has an ext file system, or the whole disk
 * @throws InputError if there is none, or more than one
 */
async function extIn(disk: DiskAt, partition: number): Promise<Ext> {
  const partitions = (await partitionsOf(disk)) ?? [];
  const known = partitions.map(({ number }) => number).join(', ') || 'none';
  if (partition > 0) {
    const wanted = partitions.find(({ number }) => number === partition);
    if (wanted === undefined)
      throw new InputError(`there is no partition ${partition}`, `There is: ${known}.`);
    return (await Ext.at(disk, wanted.start)) ?? noExt(await seenAt(disk, wanted.start), USE_SERVE);
  }
  if (partitions.length === 0) return (await Ext.at(disk, 0)) ?? noExt(await seenAt(disk, 0), USE_SERVE);
  const found: { readonly number: number; readonly ext: Ext }[] = [];
  for (const { number, start } of partitions) {
    const ext = await Ext.at(disk, start);
    if (ext !== undefined) found.push({ number, ext });
  }
  const [only] = found;
  if (only !== undefined && found.length === 1) return only.ext;
  if (only === undefined) return noExt(`partitions ${known}`, USE_SERVE);
  throw new InputError(
    `several partitions have an ext file system: ${found.map(({ number }) => number).join(', ')}`,
    'Choose one with `partition`.',
  );
}

async function seenAt(disk: DiskAt, start: number): Promise<string> {
  const head = await disk.readAt(start, Math.min(DISK_HEAD, Math.max(0, disk.size - start)));
  return diskIn(head) ?? 'nothing that is known';
}

function noExt(seen: string, hint: string): never {
  throw new InputError(`there is no ext2, ext3 or ext4 on the disk, but ${seen}`, hint);
}
