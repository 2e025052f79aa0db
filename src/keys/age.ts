import * as crypto from 'node:crypto';
import { InputError, OperationError } from '../errors.ts';
import { allOf, chunksOf, once, peek, skip } from '../stream/chunks.ts';
import { ARMOR_HEAD, dearmored, isArmored } from './armor.ts';

/**
 * age, version 1: https://age-encryption.org/v1. The age-encryption package makes and opens the header, and node:crypto
 * does the bulk, several times faster than the package's own stream.
 */

/** Seals to age recipients: whoever holds one of their identities can open the result, this process cannot. */
export interface Sealer {
  /** All at once, for small things. */
  seal(bytes: Uint8Array): Promise<Buffer>;
  /** As a stream, at its pace. Each call uses a new file key. */
  stream(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void>;
  /** The beginning of a sealed file with a new file key, for {@link chunkSealer}. */
  begin(): Promise<Beginning>;
}

export interface Beginning {
  /** All that stands before the chunks. */
  readonly head: Buffer;
  /** Seals the chunks. */
  readonly key: Uint8Array;
}

/**
 * Seals chunks of {@link CHUNK} plain bytes, of which only the last may have fewer, and an empty one only alone.
 *
 * @param index from 0
 */
export type ChunkSealer = (
  bytes: Uint8Array,
  index: number,
  last: boolean,
) => { readonly bytes: Buffer; readonly tag: Buffer };

/** Opens what was sealed to one of some identities. */
export interface Opener {
  /** @param what for messages only */
  open(bytes: Uint8Array, what: string): Promise<Buffer>;
  /**
   * Gives only bytes that are proved authentic. Throws at the first altered piece, or at the end if some are missing.
   */
  stream(source: AsyncIterable<Uint8Array>, what: string): AsyncGenerator<Uint8Array, void>;
  /**
   * Opens a binary file anywhere.
   *
   * @param head its first bytes
   * @returns undefined if these are too few
   */
  chunks(head: Uint8Array, what: string): Promise<Chunks | undefined>;
}

/** A sealed file after its header: chunks of {@link SEALED_CHUNK} bytes, of which only the last may have fewer. */
export interface Chunks {
  /** Where the first chunk begins. */
  readonly start: number;
  /** Opens the chunks, see {@link chunksWith}. */
  readonly key: Uint8Array;
  /**
   * @param index from 0
   * @param last whether it is the last one
   * @returns its plain bytes: {@link CHUNK}, of the last one 1 or more unless the file is empty
   * @throws OperationError if it was altered
   */
  open(bytes: Buffer, index: number, last: boolean): Buffer;
}

const MAGIC = 'age-encryption.org/v1\n';
export const CHUNK = 64 * 1024;
/** Bytes given out at once: each piece costs the reader a turn. */
const PIECE = 1 << 20;
export const TAG = 16;
export const SEALED_CHUNK = CHUNK + TAG;
const NONCE = 16;
/** A header with a thousand recipients is smaller. */
const LONGEST_HEADER = 256 * 1024;

/** How many first bytes {@link isSealed} looks at. */
export const SEALED_HEAD = Math.max(MAGIC.length, ARMOR_HEAD);

/** Whether bytes begin like an age file, binary or armored. */
export function isSealed(head: Uint8Array): boolean {
  return isArmored(head) || Buffer.from(head.subarray(0, MAGIC.length)).equals(Buffer.from(MAGIC));
}

function hintFor(recipient: string): string {
  if (/^ssh-/.test(recipient))
    return 'SSH keys are not supported. Make an age key with age-keygen: the recipient is its public key.';
  // A plugin's name is part of its recipients; age's own have none: https://age-encryption.org/plugin
  return /^age1[a-z0-9]+1/.test(recipient)
    ? 'Plugins such as age-plugin-yubikey are not supported. Make a plain age key with age-keygen: the recipient is its public key.'
    : 'A recipient starts with age1: age-keygen prints it as the public key.';
}

/** @throws InputError if one is not an age recipient */
export async function sealer(recipients: readonly string[]): Promise<Sealer> {
  const { Encrypter } = await import('age-encryption');
  const encrypter = new Encrypter();
  for (const [index, recipient] of recipients.entries()) {
    try {
      encrypter.addRecipient(recipient);
    } catch {
      // The input may be an identity by mistake, and the package's error shows it.
      throw new InputError(
        `\`recipients\`: number ${index + 1} of ${recipients.length} is not an age recipient`,
        hintFor(recipient),
      );
    }
  }
  const fileKeys: Uint8Array[] = [];
  // The package shows the file key only to recipients: this one wraps nothing, and keeps the key.
  encrypter.addRecipient({
    wrapFileKey: (fileKey) => {
      fileKeys.push(Uint8Array.from(fileKey));
      return [];
    },
  });
  let turn: Promise<unknown> = Promise.resolve();
  const header = async (): Promise<{ header: Buffer; fileKey: Uint8Array }> => {
    const made = turn.then(async () => {
      fileKeys.length = 0;
      const file = Buffer.from(await encrypter.encrypt(new Uint8Array()));
      const [fileKey] = fileKeys;
      if (fileKey === undefined) throw new TypeError('age-encryption gave no file key');
      // Drops the package's nonce and empty payload: ours has its own nonce, and so its own key.
      return { header: file.subarray(0, file.length - NONCE - TAG), fileKey };
    });
    turn = made.catch(() => undefined);
    return made;
  };
  const begin = async (): Promise<Beginning> => {
    const { header: head, fileKey } = await header();
    const nonce = crypto.randomBytes(NONCE);
    return { head: Buffer.concat([head, nonce]), key: payloadKey(fileKey, nonce) };
  };
  const stream = async function* (source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
    const { head, key } = await begin();
    yield head;
    for await (const { bytes } of chunksOf(sealed(source, key), PIECE)) yield bytes;
  };
  return { begin, stream, seal: async (bytes) => allOf(stream(once(bytes))) };
}

/** A new identity, and its recipient. */
export async function newIdentity(): Promise<{ readonly identity: string; readonly recipient: string }> {
  const { generateX25519Identity, identityToRecipient } = await import('age-encryption');
  const identity = await generateX25519Identity();
  return { identity, recipient: await identityToRecipient(identity) };
}

/**
 * @param identity the text of an age identity file; comments and several keys are fine
 * @param what the sealed thing, for messages only
 * @throws InputError if it holds no identity
 */
export async function opener(identity: string | undefined, what: string): Promise<Opener> {
  const keys = (identity ?? '')
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
  if (keys.length === 0)
    throw new InputError(`${what} is sealed`, 'Give the age identity that opens it with `identity`.');
  const { Decrypter } = await import('age-encryption');
  const decrypter = new Decrypter();
  for (const key of keys) {
    try {
      decrypter.addIdentity(key);
    } catch {
      throw new InputError(
        '`identity` is not an age identity',
        'An identity starts with AGE-SECRET-KEY-, as age-keygen writes it.',
      );
    }
  }
  const fileKeyOf = (header: Uint8Array, name: string) =>
    decrypter.decryptHeader(header).catch((error: unknown) => {
      throw notOpened(name, error);
    });
  const stream = async function* (
    source: AsyncIterable<Uint8Array>,
    name: string,
  ): AsyncGenerator<Uint8Array, void> {
    const come = await peek(source, () => ARMOR_HEAD);
    try {
      const file = isArmored(come.head) ? dearmored(come.stream) : come.stream;
      const { head, stream: whole } = await peek(file, (start) =>
        headerEnd(start) > 0 || start.length > LONGEST_HEADER ? 0 : start.length + 1,
      );
      const end = headerEnd(head);
      if (end === 0) throw cutShort(name);
      yield* payload(skip(whole, end), await fileKeyOf(head.subarray(0, end), name), name);
    } finally {
      // A file that cannot be opened is closed, too.
      await come.stream.return();
    }
  };
  const chunks = async (bytes: Uint8Array, name: string): Promise<Chunks | undefined> => {
    const head = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const end = headerEnd(head.subarray(0, LONGEST_HEADER));
    const start = end + NONCE;
    if (end === 0 && head.length >= LONGEST_HEADER) throw cutShort(name);
    if (end === 0 || head.length < start) return undefined;
    const key = payloadKey(await fileKeyOf(head.subarray(0, end), name), head.subarray(end, start));
    return chunksWith(key, start, name);
  };
  return { stream, chunks, open: async (bytes, name) => allOf(stream(once(bytes), name)) };
}

/**
 * The chunks of a file whose header was read before.
 *
 * @param key of {@link Chunks}, 32 bytes
 * @param start of the same
 * @param what for messages only
 */
export function chunksWith(key: Uint8Array, start: number, what: string): Chunks {
  const secret = crypto.createSecretKey(key);
  return { start, key, open: (chunk, index, last) => openedChunk(chunk, secret, index, last, what) };
}

async function* sealed(source: AsyncIterable<Uint8Array>, key: Uint8Array): AsyncGenerator<Uint8Array, void> {
  const seal = chunkSealer(crypto)(key);
  let index = 0;
  for await (const { bytes, last } of chunksOf(source, CHUNK)) {
    const chunk = seal(bytes, index, last);
    yield chunk.bytes;
    yield chunk.tag;
    index += 1;
  }
}

/**
 * Makes the function that seals chunks with a key. It uses nothing from outside itself: its text is the code of a thread,
 * too.
 */
export function chunkSealer({
  createCipheriv,
  createSecretKey,
}: Pick<typeof crypto, 'createCipheriv' | 'createSecretKey'>): (key: Uint8Array) => ChunkSealer {
  return (key) => {
    const secret = createSecretKey(key);
    // As `chunkNonce` makes it.
    const nonce = new Uint8Array(12);
    const view = new DataView(nonce.buffer);
    return (bytes, index, last) => {
      view.setUint32(7, index);
      nonce[11] = Number(last);
      const cipher = createCipheriv('chacha20-poly1305', secret, nonce, { authTagLength: 16 });
      const sealed = cipher.update(bytes);
      cipher.final();
      return { bytes: sealed, tag: cipher.getAuthTag() };
    };
  };
}

async function* payload(
  rest: AsyncIterable<Uint8Array>,
  fileKey: Uint8Array,
  what: string,
): AsyncGenerator<Uint8Array, void> {
  const { head, stream } = await peek(rest, () => NONCE);
  if (head.length < NONCE) throw cutShort(what);
  const key = crypto.createSecretKey(payloadKey(fileKey, head.subarray(0, NONCE)));
  let index = 0;
  for await (const { bytes, last } of chunksOf(skip(stream, NONCE), SEALED_CHUNK)) {
    const opened = openedChunk(bytes, key, index, last, what);
    if (opened.length > 0) yield opened;
    index += 1;
  }
}

function openedChunk(
  bytes: Buffer,
  key: crypto.KeyObject,
  index: number,
  last: boolean,
  what: string,
): Buffer {
  if (bytes.length < TAG || (bytes.length === TAG && index > 0)) throw cutShort(what);
  const decipher = crypto.createDecipheriv('chacha20-poly1305', key, chunkNonce(index, last), {
    authTagLength: TAG,
  });
  decipher.setAuthTag(bytes.subarray(-TAG));
  const opened = decipher.update(bytes.subarray(0, -TAG));
  try {
    decipher.final();
  } catch (error) {
    throw new OperationError(
      `${what} cannot be opened: the piece at byte ${index * CHUNK} was altered`,
      'It was altered or cut short: use another copy.',
      error,
    );
  }
  return opened;
}

function payloadKey(fileKey: Uint8Array, nonce: Uint8Array): Buffer {
  return Buffer.from(crypto.hkdfSync('sha256', fileKey, nonce, 'payload', 32));
}

/** An 11-byte counter, and whether the piece is the last: so none can be moved, left out or added. */
function chunkNonce(index: number, last: boolean): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeUIntBE(index, 5, 6);
  nonce[11] = last ? 1 : 0;
  return nonce;
}

/** The length of the header with its MAC line; 0 if the line is not there yet. */
function headerEnd(head: Buffer): number {
  const mac = head.indexOf('\n--- ');
  return mac < 0 ? 0 : head.indexOf('\n', mac + 1) + 1;
}

function notOpened(what: string, error: unknown): Error {
  const text = error instanceof Error ? error.message : '';
  if (/no identity matched/i.test(text))
    return new InputError(
      `${what} is not sealed to this \`identity\``,
      'Use the identity of one of its recipients.',
    );
  return new OperationError(
    `${what} cannot be opened: ${text}`,
    'It was altered or cut short: use another copy.',
    error,
  );
}

function cutShort(what: string): OperationError {
  return new OperationError(
    `${what} cannot be opened: it is not a complete age file`,
    'It was altered or cut short: use another copy.',
  );
}
