import { resolve } from 'node:path';
import { choosePoint } from '../catalog/choose.ts';
import { InputError, OperationError } from '../errors.ts';
import type { dumpInputs } from '../inputs/dump.ts';
import type { Values } from '../inputs/table.ts';
import { headerLength, luksVersion, openLuks } from '../keys/unlock.ts';
import { pointWithId } from '../manifest/points.ts';
import type { Payload, SecretPoint } from '../manifest/schema.ts';
import { readingsOf } from '../payload/by-hand.ts';
import { openKey } from '../payload/open-key.ts';
import type { PayloadStore } from '../payload/store.ts';
import { writeWhole } from '../store/file.ts';
import { peek } from '../stream/chunks.ts';
import { Meter } from '../stream/meter.ts';
import { bytes, GIB } from '../text/bytes.ts';
import { quoted } from '../text/escape.ts';
import type { Context } from './context.ts';
import { restoringStore } from './storing.ts';
import { toOutput } from './to-output.ts';
import { trustedManifest } from './trusted-manifest.ts';
import { refuseOutput } from './unlock.ts';

type Given = Values<typeof dumpInputs>;

interface Disk {
  /** "volume v1", for messages. */
  readonly called: string;
  readonly payload: Payload;
  readonly format: string;
  readonly encrypted: boolean;
  /** The saved key, where it was saved. */
  readonly key: SecretPoint | undefined;
}

/** Writes the disk of a restore point to a file or standard output, decrypted if that is asked for. */
export async function dumpDisk(context: Context, given: Given) {
  const { host, dryRun } = context;
  if (host.terminal === undefined) throw new InputError('`dump` is for a terminal');
  const output = resolve(host.directory, given.to);
  if (given.to !== '-') await refuseOutput(output, given.to);
  // First of all: nothing else may come into the disk's stream.
  const sink = given.to === '-' && !dryRun ? host.terminal.output() : undefined;
  const disk = await diskOf(context, given);
  const { called, payload, format, key } = disk;
  const store = await restoringStore(context, given);
  host.log.info(`${called}: ${bytes(payload.size)}, ${format}, from ${payload.name}`);
  if (disk.encrypted && !given.unlock)
    host.log.info('it is encrypted, and is written as it is: `unlock: true` decrypts it with its saved key');
  if (dryRun) return { outputs: {}, failed: false, plan: { dump: { ...payload, to: given.to } } };

  const bar = host.progress.start('reading', { items: 1, gigabytes: payload.size / GIB });
  try {
    const source = watched(await store.open(payload), host.signal, (count) => bar.advance(0, count / GIB));
    const { stream, luks } =
      given.unlock && key !== undefined
        ? await unlocked(context, store, { ...disk, key }, source)
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

/** @throws InputError unless the store has the disk, and what it takes to decrypt it */
async function diskOf(context: Context, given: Given): Promise<Disk> {
  const { volume, image } = given;
  if ((volume === undefined) === (image === undefined))
    throw new InputError('give either `volume` or `image`', 'A manifest has disks of both.');
  const reading = { ...given, at: undefined, 'allow-other-project': false };
  const kind = volume === undefined ? 'image' : 'volume';
  const manifest = await trustedManifest(context, given.manifest, reading, kind, volume ?? image);
  const point = choosePoint(manifest, kind, volume ?? image);
  const { resource } = point;
  const called = `${kind} ${quoted(resource.name)} (${resource.id})`;
  const payload = 'payload' in point ? point.payload : null;
  if (payload === null || payload === undefined)
    throw new InputError(
      `${called} is saved in the cloud, not in a store`,
      `Restore it with \`restore-${kind}\`, or save it with \`method: image\` and \`store\`.`,
    );
  const encryption = resource.encryption;
  if (given.unlock && encryption === null)
    throw new InputError(`${called} is not encrypted`, 'Leave out `unlock`.');
  const format = resource.kind === 'image' ? (resource.diskFormat ?? 'raw') : 'raw';
  const keyId = encryption?.key.point;
  if (given.unlock && keyId === undefined)
    throw new InputError(
      `${called} is encrypted, but its key is not in the manifest`,
      'Use a restore point made with `recipients`: without its key, nobody can open the data.',
    );
  const key = keyId === undefined ? undefined : pointWithId(manifest, 'secret', keyId);
  return { called, payload, format, encrypted: encryption !== null, key };
}

/** The plain bytes, and what was opened. */
async function unlocked(
  { host }: Context,
  store: PayloadStore,
  { called, key }: Disk & { readonly key: SecretPoint },
  source: AsyncIterable<Uint8Array>,
): Promise<{ readonly stream: AsyncGenerator<Uint8Array, void>; readonly luks: string }> {
  const { secretType } = key.resource;
  const readings = readingsOf(await openKey((kept) => host.secrets.add(kept), store, key), secretType);
  const passphrases = readings.map(({ passphrase }) => passphrase);
  for (const passphrase of passphrases) host.secrets.add(passphrase);
  const { head, stream } = await peek(source, headerLength);
  if (luksVersion(head) === undefined) {
    // What was damaged is told by its digest.
    for await (const _ of stream);
    throw new OperationError(`the data of ${called} is not a LUKS image`, 'Leave out `unlock`.');
  }
  const opened = await openLuks(head, passphrases, host.signal);
  if (opened === undefined)
    throw new OperationError(
      `the saved key opens no key slot of ${called}`,
      'The key was changed after the backup, or before it: try other restore points.',
    );
  const { version, cipher, sectorBytes, slot } = opened;
  const luks = `LUKS${version}, ${cipher}, sectors of ${sectorBytes} bytes, key slot ${slot}`;
  host.log.info(`${luks}: the saved key opens it`);
  return { stream: opened.plain(stream), luks };
}

/** Counts what flows by, until it is stopped. */
async function* watched(
  source: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
  onBytes: (count: number) => void,
): AsyncGenerator<Uint8Array, void> {
  for await (const piece of source) {
    signal.throwIfAborted();
    onBytes(piece.length);
    yield piece;
  }
}
