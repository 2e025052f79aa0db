import type { Device } from './device.ts';
import type { Incoming } from './incoming.ts';
import type { Outgoing } from './outgoing.ts';
import {
  ALLOCATION,
  ALLOCATION_ID,
  GREETING,
  HANDSHAKE,
  INFO,
  OPTION,
  OPTION_MAGIC,
  optionReply,
  REPLY,
  TRANSMISSION_FLAGS,
  u16,
  u32,
  u64,
} from './protocol.ts';

/** More than any option of a client that means well: a name has 4096 bytes at most. */
const LONGEST_OPTION = 16_384;
/** The most that a client may send at all; what is between is dropped. */
const LONGEST_SKIPPED = 32 << 20;
/** Options of one client: each costs an answer. */
const MOST_OPTIONS = 256;
/** What clients should ask for: whole blocks of the store, and not more than is held for one answer. */
const BLOCK_SIZES = { least: 1, preferred: 65_536, most: 4 << 20 } as const;

/** What a client asked for before it reads. */
export interface Agreed {
  readonly structured: boolean;
  /** Whether it may ask which parts are holes. */
  readonly holes: boolean;
}

/** What comes after an option: the next one, the requests, or nothing. */
type Next = 'option' | 'requests' | 'end';

/**
 * Fixed newstyle negotiation, without TLS. The device has one name, the empty one.
 *
 * @returns undefined if the client is to be let go
 */
export async function negotiate(
  incoming: Incoming,
  outgoing: Outgoing,
  device: Device,
): Promise<Agreed | undefined> {
  const greeting = Buffer.alloc(18);
  greeting.writeBigUInt64BE(GREETING);
  greeting.writeBigUInt64BE(OPTION_MAGIC, 8);
  greeting.writeUInt16BE(HANDSHAKE.fixedNewstyle | HANDSHAKE.noZeroes, 16);
  await outgoing.send(greeting);
  const flags = (await incoming.take(4))?.readUInt32BE();
  if (flags === undefined || (flags & ~(HANDSHAKE.fixedNewstyle | HANDSHAKE.noZeroes)) !== 0)
    return undefined;
  const talk = new Talk(outgoing, device, (flags & HANDSHAKE.noZeroes) === 0 ? 124 : 0);
  for (let count = 0; count < MOST_OPTIONS; count += 1) {
    const head = await incoming.take(16);
    if (head === undefined || head.readBigUInt64BE() !== OPTION_MAGIC) return undefined;
    const [option, length] = [head.readUInt32BE(8), head.readUInt32BE(12)];
    const next =
      length > LONGEST_OPTION
        ? await talk.tooLong(option, length, incoming)
        : await talk.answer(option, await incoming.take(length));
    if (next !== 'option') return next === 'requests' ? talk.agreed : undefined;
  }
  return undefined;
}

class Talk {
  agreed: Agreed = { structured: false, holes: false };
  readonly #outgoing: Outgoing;
  readonly #device: Device;
  readonly #zeroes: number;

  /** @param zeroes bytes that old clients want behind the size */
  constructor(outgoing: Outgoing, device: Device, zeroes: number) {
    this.#outgoing = outgoing;
    this.#device = device;
    this.#zeroes = zeroes;
  }

  async tooLong(option: number, length: number, incoming: Incoming): Promise<Next> {
    if (option === OPTION.exportName || length > LONGEST_SKIPPED) return 'end';
    if (!(await incoming.skip(length))) return 'end';
    return this.#reply(option, REPLY.tooBig);
  }

  /** @param data undefined if the client ended before it */
  async answer(option: number, data: Buffer | undefined): Promise<Next> {
    if (data === undefined) return 'end';
    switch (option) {
      case OPTION.exportName:
        return this.#exportName(data);
      case OPTION.abort:
        await this.#reply(option, REPLY.ack);
        return 'end';
      case OPTION.list:
        return this.#list(data);
      case OPTION.info:
      case OPTION.go:
        return this.#info(option, data);
      case OPTION.structuredReply:
        if (data.length > 0) return this.#reply(option, REPLY.invalid);
        this.agreed = { ...this.agreed, structured: true };
        return this.#reply(option, REPLY.ack);
      case OPTION.listMetaContext:
      case OPTION.setMetaContext:
        return this.#metaContext(option, data);
      default:
        return this.#reply(option, REPLY.unsupported);
    }
  }

  async #reply(option: number, type: number, data?: Buffer): Promise<Next> {
    await this.#outgoing.send(optionReply(option, type, data));
    return 'option';
  }

  async #exportName(name: Buffer): Promise<Next> {
    // This option has no way to say no.
    if (name.length > 0) return 'end';
    const { size } = this.#device;
    await this.#outgoing.send(
      Buffer.concat([u64(size), u16(TRANSMISSION_FLAGS), Buffer.alloc(this.#zeroes)]),
    );
    return 'requests';
  }

  async #list(data: Buffer): Promise<Next> {
    if (data.length > 0) return this.#reply(OPTION.list, REPLY.invalid);
    const entry = Buffer.concat([u32(0), Buffer.from(this.#device.description)]);
    await this.#reply(OPTION.list, REPLY.server, entry);
    return this.#reply(OPTION.list, REPLY.ack);
  }

  async #info(option: number, data: Buffer): Promise<Next> {
    const asked = parseInfo(data);
    if (asked === undefined) return this.#reply(option, REPLY.invalid);
    if (asked.name !== '') return this.#reply(option, REPLY.unknown);
    for (const info of infos(this.#device, asked.infos)) await this.#reply(option, REPLY.info, info);
    await this.#reply(option, REPLY.ack);
    return option === OPTION.go ? 'requests' : 'option';
  }

  async #metaContext(option: number, data: Buffer): Promise<Next> {
    const sets = option === OPTION.setMetaContext;
    if (sets) this.agreed = { ...this.agreed, holes: false };
    const asked = this.agreed.structured ? parseQueries(data) : undefined;
    if (asked === undefined) return this.#reply(option, REPLY.invalid);
    if (asked.name !== '') return this.#reply(option, REPLY.unknown);
    const matches = sets ? asked.queries.includes(ALLOCATION) : isListed(asked.queries);
    // The id means something only where it is set.
    const context = Buffer.concat([u32(sets ? ALLOCATION_ID : 0), Buffer.from(ALLOCATION)]);
    if (matches) await this.#reply(option, REPLY.metaContext, context);
    if (sets) this.agreed = { ...this.agreed, holes: matches };
    return this.#reply(option, REPLY.ack);
  }
}

/** No query lists everything, and `base:` all of its own. */
function isListed(queries: readonly string[]): boolean {
  return queries.length === 0 || queries.some((query) => query === ALLOCATION || query === 'base:');
}

function infos({ size, description }: Device, asked: readonly number[]): Buffer[] {
  const { least, preferred, most } = BLOCK_SIZES;
  return [
    Buffer.concat([u16(INFO.export), u64(size), u16(TRANSMISSION_FLAGS)]),
    Buffer.concat([u16(INFO.blockSize), u32(least), u32(preferred), u32(most)]),
    ...(asked.includes(INFO.name) ? [u16(INFO.name)] : []),
    ...(asked.includes(INFO.description)
      ? [Buffer.concat([u16(INFO.description), Buffer.from(description)])]
      : []),
  ];
}

/** Reads fields one after the other; undefined where there are too few bytes. */
class Fields {
  readonly #data: Buffer;
  #at = 0;

  constructor(data: Buffer) {
    this.#data = data;
  }

  get left(): number {
    return this.#data.length - this.#at;
  }

  number(bytes: 2 | 4): number | undefined {
    if (this.left < bytes) return undefined;
    this.#at += bytes;
    return this.#data.readUIntBE(this.#at - bytes, bytes);
  }

  text(): string | undefined {
    const length = this.number(4);
    if (length === undefined || length > this.left) return undefined;
    this.#at += length;
    return this.#data.toString('utf8', this.#at - length, this.#at);
  }
}

function parseInfo(data: Buffer): { readonly name: string; readonly infos: number[] } | undefined {
  const fields = new Fields(data);
  const name = fields.text();
  const count = fields.number(2);
  if (name === undefined || count === undefined || fields.left !== 2 * count) return undefined;
  return { name, infos: Array.from({ length: count }, () => fields.number(2) ?? 0) };
}

function parseQueries(data: Buffer): { readonly name: string; readonly queries: string[] } | undefined {
  const fields = new Fields(data);
  const name = fields.text();
  const count = fields.number(4);
  if (name === undefined || count === undefined || count > fields.left / 4) return undefined;
  const queries: string[] = [];
  for (let index = 0; index < count; index += 1) {
    const query = fields.text();
    if (query === undefined) return undefined;
    queries.push(query);
  }
  return fields.left === 0 ? { name, queries } : undefined;
}
