import { open, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { addAbortSignal } from 'node:stream';
import { InputError, messageOf } from '../errors.ts';
import { opener } from '../keys/age.ts';
import { headerLength, luksVersion, openLuks } from '../keys/unlock.ts';
import { byHand, readingsOf } from '../payload/by-hand.ts';
import { type Layer, unpacked } from '../payload/unpack.ts';
import type { Terminal } from '../ports/host.ts';
import { exists, PARTIAL, writeWhole } from '../store/file.ts';
import { allOf, once, peek } from '../stream/chunks.ts';
import { Meter } from '../stream/meter.ts';
import { bytes, GIB } from '../text/bytes.ts';
import { quoted } from '../text/escape.ts';
import type { Context } from './context.ts';
import { toOutput } from './to-output.ts';

interface Given {
  /** A path, or `-`. */
  readonly image: string;
  /** As `env:NAME`, `file:PATH` or `-`. */
  readonly key: string;
  readonly 'secret-type': 'symmetric' | 'opaque' | 'passphrase';
  readonly identity: string | undefined;
  readonly output: string;
}

/** Decrypts an image with its key; a dry run shows how. */
export async function unlockImage(context: Context, given: Given) {
  const { host, dryRun } = context;
  const { terminal } = host;
  if (terminal === undefined) throw new InputError('`unlock` is for a terminal');
  const output = resolve(host.directory, given.output);
  if (given.output !== '-') await refuseOutput(output, given.output);
  const sink = given.output === '-' && !dryRun ? terminal.output() : undefined;
  const { image, size } = await imageOf(context, terminal, given.image);
  const bar = host.progress.start('unlocking', { items: 1, gigabytes: size / GIB });
  try {
    const key = await keyOf(context, terminal, given);
    const read = new Meter([], 0, (count) => bar.advance(0, count / GIB));
    const { opened, stream, filter, layers } = await openImage(context, given, read.through(image), key);
    const { version, cipher, sectorBytes, slot } = opened;
    const luks = `LUKS${version}, ${cipher}, sectors of ${sectorBytes} bytes, key slot ${slot}`;
    host.log.info(`${[...layers, luks].join(', ')}: the key opens it`);
    if (dryRun) {
      host.log.info('by hand, as root:');
      const lines = byHand({ ...given, imageLayers: layers, keyLayers: key.layers, filter });
      for (const line of lines) host.log.info(`  ${line}`);
      return { outputs: { luks }, failed: false, plan: { byHand: lines } };
    }
    const written = new Meter(['sha256']);
    const plain = written.through(opened.plain(stream));
    if (sink === undefined) await writeWhole(output, plain, quoted(given.output), 'output', true);
    else await toOutput(plain, sink, host.signal);
    const sha256 = written.digests()['sha256'] ?? '';
    host.log.info(`${bytes(written.size)} decrypted, SHA-256 ${sha256}`);
    return { outputs: { luks, size: String(written.size), sha256 }, failed: false };
  } finally {
    bar.finish();
    image.destroy();
  }
}

/** @throws InputError if the file is there, or what another run has written of it */
export async function refuseOutput(path: string, called: string): Promise<void> {
  for (const end of ['', PARTIAL]) await refuseExisting(path + end, called + end);
}

/** @throws InputError if something is there */
async function refuseExisting(path: string, called: string): Promise<void> {
  if (await exists(path))
    throw new InputError(
      `${quoted(called)} already exists, and is never overwritten`,
      'Remove it, or choose another name.',
    );
}

interface Key {
  readonly bytes: Buffer;
  readonly layers: readonly Layer[];
  /** The text of age identities. */
  readonly identity: string | undefined;
}

async function keyOf({ host }: Context, terminal: Terminal, given: Given): Promise<Key> {
  const identity = given.identity && (await terminal.secret('identity', given.identity)).toString('utf8');
  const kept = await terminal.secret('key', given.key);
  const packed = await unpacked(once(kept), () => opener(identity, 'the key'), 'the key');
  const key = await allOf(packed.bytes);
  if (key.length === 0) throw new InputError('the key is empty', 'Give the bytes of the secret.');
  host.secrets.add(key);
  return { bytes: key, layers: packed.layers, identity };
}

/** Unpacks the image, and decrypts it with its key. */
async function openImage({ host }: Context, given: Given, source: AsyncIterable<Uint8Array>, key: Key) {
  const packed = await unpacked(source, () => opener(key.identity, quoted(given.image)), quoted(given.image));
  const { head, stream } = await peek(packed.bytes, headerLength);
  if (luksVersion(head) === undefined) throw noLuks(given.image, head);
  const readings = readingsOf(key.bytes, given['secret-type']);
  const passphrases = readings.map(({ passphrase }) => passphrase);
  for (const passphrase of passphrases) host.secrets.add(passphrase);
  const opened = await openLuks(head, passphrases, host.signal);
  if (opened === undefined)
    throw new InputError(
      `the key opens no key slot of ${quoted(given.image)}`,
      'It is the key of another volume, or was changed; a secret of type passphrase needs `secret-type: passphrase`.',
    );
  return { opened, stream, layers: packed.layers, filter: readings[opened.passphrase]?.filter ?? 'cat' };
}

/** The image and its length, 0 if unknown. */
async function imageOf({ host }: Context, terminal: Terminal, path: string) {
  if (path === '-') return { image: addAbortSignal(host.signal, terminal.input('--image')), size: 0 };
  try {
    const file = resolve(host.directory, path);
    const found = await stat(file);
    if (found.isDirectory()) throw new Error('it is a directory');
    const stream = (await open(file)).createReadStream({ highWaterMark: 1 << 20 });
    return { image: addAbortSignal(host.signal, stream), size: found.size };
  } catch (error) {
    throw new InputError(
      `cannot read ${quoted(path)}: ${messageOf(error)}`,
      'Give the path of the image.',
      error,
    );
  }
}

function noLuks(path: string, head: Buffer): InputError {
  const isQcow2 = head.subarray(0, 4).equals(Buffer.from('QFI\xfb', 'latin1'));
  return new InputError(
    `${quoted(path)} is not a LUKS image`,
    isQcow2
      ? 'It is a qcow2 image: convert it to raw first, with qemu-img convert -O raw.'
      : 'Only images of encrypted volumes are LUKS images; this one needs no key.',
  );
}
