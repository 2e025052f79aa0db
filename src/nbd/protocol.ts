/**
 * The numbers and records of the NBD protocol that a read-only server needs, as
 * https://github.com/NetworkBlockDevice/nbd/blob/master/doc/proto.md says. Everything is big-endian.
 */

export const GREETING = 0x4e42444d41474943n;
export const OPTION_MAGIC = 0x49484156454f5054n;
const OPTION_REPLY_MAGIC = 0x3e889045565a9n;
export const REQUEST_MAGIC = 0x25609513;
const SIMPLE_MAGIC = 0x67446698;
const CHUNK_MAGIC = 0x668e33ef;

export const HANDSHAKE = { fixedNewstyle: 1, noZeroes: 2 } as const;

export const OPTION = {
  exportName: 1,
  abort: 2,
  list: 3,
  info: 6,
  go: 7,
  structuredReply: 8,
  listMetaContext: 9,
  setMetaContext: 10,
} as const;

export const REPLY = {
  ack: 1,
  server: 2,
  info: 3,
  metaContext: 4,
  unsupported: 2 ** 31 + 1,
  invalid: 2 ** 31 + 3,
  unknown: 2 ** 31 + 6,
  tooBig: 2 ** 31 + 9,
} as const;

export const INFO = { export: 0, name: 1, description: 2, blockSize: 3 } as const;

const FLAG = { has: 1, readOnly: 2, multiConn: 256 } as const;
/** Read-only, and many connections see the same. */
export const TRANSMISSION_FLAGS = FLAG.has | FLAG.readOnly | FLAG.multiConn;

export const COMMAND = {
  read: 0,
  write: 1,
  disconnect: 2,
  flush: 3,
  trim: 4,
  writeZeroes: 6,
  blockStatus: 7,
} as const;
export const REQUEST_BYTES = 28;
/** Asks for one extent only. */
export const ONE_EXTENT = 8;

export const CHUNK = { none: 0, data: 1, hole: 2, blockStatus: 5, error: 2 ** 15 + 1 } as const;

export const ERRNO = { notPermitted: 1, io: 5, invalid: 22 } as const;

/** The only metadata that is served: which parts are holes. */
export const ALLOCATION = 'base:allocation';
export const ALLOCATION_ID = 1;
/** A hole that reads as zeros. */
export const HOLE_AND_ZEROS = 3;

export interface Request {
  readonly flags: number;
  readonly type: number;
  readonly cookie: bigint;
  readonly offset: bigint;
  /** Bytes. */
  readonly length: number;
}

/** @returns undefined if it is no request */
export function parseRequest(bytes: Buffer): Request | undefined {
  if (bytes.readUInt32BE() !== REQUEST_MAGIC) return undefined;
  return {
    flags: bytes.readUInt16BE(4),
    type: bytes.readUInt16BE(6),
    cookie: bytes.readBigUInt64BE(8),
    offset: bytes.readBigUInt64BE(16),
    length: bytes.readUInt32BE(24),
  };
}

export function optionReply(option: number, type: number, data: Buffer = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(20);
  head.writeBigUInt64BE(OPTION_REPLY_MAGIC);
  head.writeUInt32BE(option, 8);
  head.writeUInt32BE(type, 12);
  head.writeUInt32BE(data.length, 16);
  return Buffer.concat([head, data]);
}

/** @param error of {@link ERRNO}; 0: none */
export function simpleReply(cookie: bigint, error: number): Buffer {
  const head = Buffer.alloc(16);
  head.writeUInt32BE(SIMPLE_MAGIC);
  head.writeUInt32BE(error, 4);
  head.writeBigUInt64BE(cookie, 8);
  return head;
}

/**
 * The head of a structured reply's chunk.
 *
 * @param length bytes of what follows
 * @param done whether it is the last one
 */
export function chunkHead(cookie: bigint, type: number, length: number, done: boolean): Buffer {
  const head = Buffer.alloc(20);
  head.writeUInt32BE(CHUNK_MAGIC);
  head.writeUInt16BE(done ? 1 : 0, 4);
  head.writeUInt16BE(type, 6);
  head.writeBigUInt64BE(cookie, 8);
  head.writeUInt32BE(length, 16);
  return head;
}

export function dataChunk(cookie: bigint, offset: number, length: number, done: boolean): Buffer {
  return Buffer.concat([chunkHead(cookie, CHUNK.data, 8 + length, done), u64(offset)]);
}

export function holeChunk(cookie: bigint, offset: number, length: number, done: boolean): Buffer {
  return Buffer.concat([chunkHead(cookie, CHUNK.hole, 12, done), u64(offset), u32(length)]);
}

export function errorChunk(cookie: bigint, error: number, message: string): Buffer {
  // The protocol's limit of a string is 4096 bytes.
  const text = Buffer.from(message).subarray(0, 1000);
  const head = Buffer.alloc(6);
  head.writeUInt32BE(error);
  head.writeUInt16BE(text.length, 4);
  return Buffer.concat([chunkHead(cookie, CHUNK.error, 6 + text.length, true), head, text]);
}

export function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}

export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

export function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}
