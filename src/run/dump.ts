import { resolve } from 'node:path';
import { InputError } from '../errors.ts';
import type { dumpInputs } from '../inputs/dump.ts';
import type { Values } from '../inputs/table.ts';
import { headerLength, luksVersion, openLuks } from '../keys/unlock.ts';
import type { SecretPoint } from '../manifest/schema.ts';
import type { PayloadStore } from '../payload/store.ts';
import { writeWhole } from '../store/file.ts';
import { peek } from '../stream/chunks.ts';
import { Meter } from '../stream/meter.ts';
import { stoppable } from '../stream/stoppable.ts';
import { bytes, GIB } from '../text/bytes.ts';
import { quoted } from '../text/escape.ts';
import type { Context } from './context.ts';
import { restoringStore } from './places/storing.ts';
import {
  luksWords,
  notLuks,
  notOpened,
  passphrasesIn,
  type StoredDisk,
  storedDisk,
} from './reading/stored-disk.ts';
import { toOutput } from './to-output.ts';
import { refuseOutput } from './unlock.ts';

type Given = Values<typeof dumpInputs>;

/** Writes the disk of a restore point to a file or standard output, decrypted if that is asked for. */
export async function dumpDisk(context: Context, given: Given) {
  const { host, dryRun } = context;
  if (host.terminal === undefined) throw new InputError('`dump` is for a terminal');
  const output = resolve(host.directory, given.to);
  if (given.to !== '-') await refuseOutput(output, given.to);
  // First of all: nothing else may come into the disk's stream.
  const sink = given.to === '-' && !dryRun ? host.terminal.output() : undefined;
  const disk = await storedDisk(context, given);
  const { called, payload, format, key } = disk;
  const store = await restoringStore(context, given);
  host.log.info(`${called}: ${bytes(payload.size)}, ${format}, from ${payload.name}`);
  if (disk.encrypted && !given.unlock)
    host.log.info('it is encrypted, and is written as it is: `unlock: true` decrypts it with its saved key');
  if (dryRun) return { outputs: {}, failed: false, plan: { dump: { ...payload, to: given.to } } };

  const bar = host.progress.start('reading', { items: 1, gigabytes: payload.size / GIB });
  try {
    const read = new Meter([], 0, (count) => bar.advance(0, count / GIB));
    const source = read.through(stoppable(await store.open(payload), host.signal));
    const { stream, luks } =
      given.unlock && key !== undefined
        ? await unlocked(context, store, disk, key, source)
        : { stream: source, luks: '' };
    const written = new Meter(['sha256']);
    const plain = written.through(stream);
    if (sink === undefined) await writeWhole(output, plain, quoted(given.to), 'to', true);
    else await toOutput(plain, sink, host.signal);
    const { size } = written;
    const sha256 = written.digests()['sha256'] ?? '';
    host.log.info(`${bytes(size)} written, as they were saved: SHA-256 ${sha256}`);
    return { outputs: { size: String(size), format, sha256, ...(luks !== '' && { luks }) }, failed: false };
  } finally {
    bar.finish();
  }
}

/** The plain bytes, and what was opened. */
async function unlocked(
  context: Context,
  store: PayloadStore,
  { called }: StoredDisk,
  key: SecretPoint,
  source: AsyncIterable<Uint8Array>,
): Promise<{ readonly stream: AsyncGenerator<Uint8Array, void>; readonly luks: string }> {
  const passphrases = await passphrasesIn(context, store, key);
  const { head, stream } = await peek(source, headerLength);
  if (luksVersion(head) === undefined) {
    // What was damaged is told by its digest.
    for await (const _ of stream);
    throw notLuks(called);
  }
  const { host } = context;
  const opened = await openLuks(head, passphrases, host.signal);
  if (opened === undefined) throw notOpened(called);
  const luks = luksWords(opened);
  host.log.info(`${luks}: the saved key opens it`);
  return { stream: opened.plain(stream), luks };
}
