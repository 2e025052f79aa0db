import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { InputError, OperationError } from '../errors.ts';
import { chunksOf } from '../store/chunks.ts';

/**
 * age, version 1: https://age-encryption.org/v1. The header is made and opened by the age-encryption package, the bulk
 * by node:crypto, several times faster than the package's own stream.
 */

/** What is sealed to age recipients: whoever holds one of their identities can open it, this process cannot. */
export interface Sealer {
  /** All at once, for small things. */
  seal(bytes: Uint8Array): Promise<Buffer>;
  /** As a stream, at its pace. Each call takes a file key of its own. */
  stream(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void>;
}

/** Opens what was sealed to one of some identities. */
export interface Opener {
  /** @param what for messages only */
  open(bytes: Uint8Array, what: string): Promise<Buffer>;
  /**
   * Gives only bytes that were proved to be what was sealed. Throws at the first that was altered, and at the end where
   * some are missing.
   */
  stream(source: AsyncIterable<Uint8Array>, what: string): AsyncGenerator<Uint8Array, void>;
}

const CHUNK = 64 * 1024;
const TAG = 16;
/** A header of a thousand recipients stays below. */
const LONGEST_HEADER = 256 * 1024;

/** @throws InputError for what is no age recipient */
export async function sealer(recipients: readonly string[]): Promise<Sealer> {
  const { Encrypter } = await import('age-encryption');
  const encrypter = new Encrypter();
  for (const [index, recipient] of recipients.entries()) {
    try {
      encrypter.addRecipient(recipient);
    } catch (error) {
      // What was given may be an identity by mistake: it must not be shown.
      throw new InputError(
        `recipient ${index + 1} of ${recipients.length} is no age recipient`,
        'One is a line that starts with age1: age-keygen prints it as the public key.',
        error instanceof Error && !/secret/i.test(recipient) ? error : undefined,
      );
    }
  }
  const fileKeys: Uint8Array[] = [];
  // The package shows the file key to recipients only: this one wraps nothing, and takes it along.
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
      // Its nonce and empty payload are let go: ours has a nonce, and so a key, of its own.
      return { header: file.subarray(0, file.length - 16 - TAG), fileKey };
    });
    turn = made.catch(() => undefined);
    return made;
  };
  const stream = async function* (source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
    const { header: head, fileKey } = await header();
    const nonce = randomBytes(16);
    const key = payloadKey(fileKey, nonce);
    yield Buffer.concat([head, nonce]);
    let index = 0;
    for await (const { bytes, last } of chunksOf(source, CHUNK)) {
      const cipher = createCipheriv('chacha20-poly1305', key, chunkNonce(index, last), {
        authTagLength: TAG,
      });
      yield Buffer.concat([cipher.update(bytes), cipher.final(), cipher.getAuthTag()]);
      index += 1;
    }
  };
  return { stream, seal: async (bytes) => all(stream(once(bytes))) };
}

/**
 * @param identity the text of an age identity file; comments and several keys are fine
 * @param what that is sealed, for messages only
 * @throws InputError for no identity in it
 */
export async function opener(identity: string | undefined, what: string): Promise<Opener> {
  const keys = (identity ?? '')
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
  if (keys.length === 0)
    throw new InputError(`${what} is sealed`, 'Give the age identity that opens it, as `identity`.');
  const { Decrypter } = await import('age-encryption');
  const decrypter = new Decrypter();
  for (const key of keys) {
    try {
      decrypter.addIdentity(key);
    } catch {
      throw new InputError(
        '`identity` is no age identity',
        'It is a line that starts with AGE-SECRET-KEY-, as age-keygen writes it.',
      );
    }
  }
  const stream = async function* (
    source: AsyncIterable<Uint8Array>,
    name: string,
  ): AsyncGenerator<Uint8Array, void> {
    const { header, rest } = await splitHeader(source, name);
    const fileKey = await decrypter.decryptHeader(header).catch((error: unknown) => {
      throw notOpened(name, error);
    });
    yield* payload(rest, fileKey, name);
  };
  return { stream, open: async (bytes, name) => all(stream(once(bytes), name)) };
}

async function* payload(
  rest: AsyncIterable<Uint8Array>,
  fileKey: Uint8Array,
  what: string,
): AsyncGenerator<Uint8Array, void> {
  const { head: nonce, rest: chunks } = await splitAt(rest, 16);
  if (nonce.length < 16) throw cutShort(what);
  const key = payloadKey(fileKey, nonce);
  let index = 0;
  for await (const { bytes, last } of chunksOf(chunks, CHUNK + TAG)) {
    if (bytes.length < TAG || (bytes.length === TAG && index > 0)) throw cutShort(what);
    const decipher = createDecipheriv('chacha20-poly1305', key, chunkNonce(index, last), {
      authTagLength: TAG,
    });
    decipher.setAuthTag(bytes.subarray(-TAG));
    const opened = decipher.update(bytes.subarray(0, -TAG));
    try {
      decipher.final();
    } catch (error) {
      throw new OperationError(
        `${what} cannot be opened: the piece at ${index * CHUNK} bytes is not what was sealed`,
        'It was altered or cut short: take another copy.',
        error,
      );
    }
    if (opened.length > 0) yield opened;
    index += 1;
  }
}

function payloadKey(fileKey: Uint8Array, nonce: Uint8Array): Buffer {
  return Buffer.from(hkdfSync('sha256', fileKey, nonce, 'payload', 32));
}

/** An 11-byte counter, and whether it is the last piece: so none can be moved, left out or added. */
function chunkNonce(index: number, last: boolean): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeUIntBE(index, 5, 6);
  nonce[11] = last ? 1 : 0;
  return nonce;
}

/** Up to and with the line of the MAC. */
async function splitHeader(source: AsyncIterable<Uint8Array>, what: string) {
  const pieces = source[Symbol.asyncIterator]();
  let head = Buffer.alloc(0);
  for (;;) {
    const start = head.indexOf('\n--- ');
    const end = start < 0 ? -1 : head.indexOf('\n', start + 1);
    if (end >= 0) return { header: head.subarray(0, end + 1), rest: after(head.subarray(end + 1), pieces) };
    if (head.length > LONGEST_HEADER) throw cutShort(what);
    const next = await pieces.next();
    if (next.done) throw cutShort(what);
    head = Buffer.concat([head, next.value]);
  }
}

async function splitAt(source: AsyncIterable<Uint8Array>, count: number) {
  const pieces = source[Symbol.asyncIterator]();
  let head = Buffer.alloc(0);
  while (head.length < count) {
    const next = await pieces.next();
    if (next.done) break;
    head = Buffer.concat([head, next.value]);
  }
  return { head: head.subarray(0, count), rest: after(head.subarray(count), pieces) };
}

async function* after(
  first: Uint8Array,
  pieces: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array, void> {
  try {
    if (first.length > 0) yield first;
    for (let next = await pieces.next(); !next.done; next = await pieces.next()) yield next.value;
  } finally {
    await pieces.return?.();
  }
}

function notOpened(what: string, error: unknown): Error {
  const text = error instanceof Error ? error.message : '';
  if (/no identity matched/i.test(text))
    return new InputError(
      `${what} is sealed to others than \`identity\``,
      'Use the identity of one of its recipients.',
    );
  return new OperationError(
    `${what} cannot be opened: ${text}`,
    'It was altered or cut short: take another copy.',
    error,
  );
}

function cutShort(what: string): OperationError {
  return new OperationError(
    `${what} cannot be opened: it is no whole age file`,
    'It was altered or cut short: take another copy.',
  );
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void> {
  yield bytes;
}

async function all(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of source) pieces.push(piece);
  return Buffer.concat(pieces);
}
