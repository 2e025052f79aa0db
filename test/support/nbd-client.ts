import { once } from 'node:events';
import { connect, type NetConnectOpts, type Socket } from 'node:net';

/** A client of the NBD protocol, from its document alone: it knows nothing of how ours works. */
export class NbdClient implements AsyncDisposable {
  readonly socket: Socket;
  #left: Buffer = Buffer.alloc(0);
  #wake: () => void = () => undefined;
  closed = false;
  structured = false;

  constructor(where: NetConnectOpts) {
    this.socket = connect(where);
    this.socket.on('data', (bytes) => {
      this.#left = Buffer.concat([this.#left, bytes]);
      this.#wake();
    });
    this.socket.on('error', () => undefined);
    this.socket.on('close', () => {
      this.closed = true;
      this.#wake();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.destroy();
    if (!this.closed) await once(this.socket, 'close');
  }

  /** @throws Error if the server ends before */
  async take(count: number): Promise<Buffer> {
    while (this.#left.length < count) {
      if (this.closed) throw new Error('the server ended');
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    const bytes = this.#left.subarray(0, count);
    this.#left = this.#left.subarray(count);
    return bytes;
  }

  async isClosed(): Promise<boolean> {
    if (!this.closed)
      await Promise.race([once(this.socket, 'close'), new Promise((go) => setTimeout(go, 5000))]);
    return this.closed;
  }

  write(bytes: Buffer): void {
    this.socket.write(bytes);
  }

  /** Takes the greeting, and gives the client's flags. */
  async greet(flags = 3): Promise<void> {
    const greeting = await this.take(18);
    if (greeting.toString('latin1', 0, 16) !== 'NBDMAGICIHAVEOPT') throw new Error('no greeting');
    if (greeting.readUInt16BE(16) !== 3) throw new Error('it is not fixed newstyle');
    this.write(u32(flags));
  }

  option(option: number, data: Buffer = Buffer.alloc(0), length = data.length): void {
    this.write(Buffer.concat([Buffer.from('IHAVEOPT'), u32(option), u32(length), data]));
  }

  async reply(): Promise<{ option: number; type: number; data: Buffer }> {
    const head = await this.take(20);
    if (head.readBigUInt64BE() !== 0x3e889045565a9n) throw new Error('no reply to an option');
    return {
      option: head.readUInt32BE(8),
      type: head.readUInt32BE(12),
      data: await this.take(head.readUInt32BE(16)),
    };
  }

  /** All replies of an option, up to the last one. */
  async ask(option: number, data?: Buffer): Promise<{ type: number; data: Buffer }[]> {
    this.option(option, data);
    const all: { type: number; data: Buffer }[] = [];
    for (;;) {
      const { type, data: more } = await this.reply();
      all.push({ type, data: more });
      if (type === 1 || type >= 2 ** 31) return all;
    }
  }

  /** As far as the requests. @returns the size that the server says */
  async go({ structured = false, holes = false, name = '' } = {}): Promise<number> {
    await this.greet();
    if (structured) await this.ask(8);
    if (holes) await this.ask(10, contexts('', ['base:allocation']));
    this.structured = structured;
    const replies = await this.ask(7, goData(name));
    const info = replies.find(({ type, data }) => type === 3 && data.readUInt16BE() === 0);
    if (info === undefined) throw new Error(`refused: ${replies.map(({ type }) => type).join()}`);
    return Number(info.data.readBigUInt64BE(2));
  }

  request(type: number, cookie: number, offset: number | bigint, length: number, flags = 0): void {
    const head = Buffer.alloc(28);
    head.writeUInt32BE(0x25609513);
    head.writeUInt16BE(flags, 4);
    head.writeUInt16BE(type, 6);
    head.writeBigUInt64BE(BigInt(cookie), 8);
    head.writeBigUInt64BE(BigInt(offset), 16);
    head.writeUInt32BE(length, 24);
    this.write(head);
  }

  async simple(): Promise<{ error: number; cookie: number }> {
    const head = await this.take(16);
    if (head.readUInt32BE() !== 0x67446698) throw new Error('no simple reply');
    return { error: head.readUInt32BE(4), cookie: Number(head.readBigUInt64BE(8)) };
  }

  async chunk(): Promise<{ done: boolean; type: number; cookie: number; data: Buffer }> {
    const head = await this.take(20);
    if (head.readUInt32BE() !== 0x668e33ef) throw new Error('no structured reply');
    const [flags, type, cookie] = [
      head.readUInt16BE(4),
      head.readUInt16BE(6),
      Number(head.readBigUInt64BE(8)),
    ];
    return { done: (flags & 1) === 1, type, cookie, data: await this.take(head.readUInt32BE(16)) };
  }

  /** One read at a time. @returns its bytes, or the number of its error */
  async read(offset: number | bigint, length: number): Promise<Buffer | number> {
    this.request(0, 1, offset, length);
    if (!this.structured) {
      const { error } = await this.simple();
      return error === 0 ? this.take(length) : error;
    }
    const bytes = Buffer.alloc(length, 0xee);
    let came = 0;
    for (;;) {
      const { done, type, data } = await this.chunk();
      if (type === 2 ** 15 + 1) return data.readUInt32BE();
      const at = Number(data.readBigUInt64BE() - BigInt(offset));
      const count = type === 2 ? data.readUInt32BE(8) : data.length - 8;
      if (type === 2) bytes.fill(0, at, at + count);
      else data.copy(bytes, at, 8);
      came += count;
      if (done && came !== length) throw new Error(`${came} of ${length} bytes`);
      if (done) return bytes;
    }
  }
}

export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

export function goData(name: string, infos: readonly number[] = []): Buffer {
  const count = Buffer.alloc(2 + 2 * infos.length);
  count.writeUInt16BE(infos.length);
  for (const [at, info] of infos.entries()) count.writeUInt16BE(info, 2 + 2 * at);
  return Buffer.concat([u32(Buffer.byteLength(name)), Buffer.from(name), count]);
}

export function contexts(name: string, queries: readonly string[]): Buffer {
  const text = (value: string) => [u32(Buffer.byteLength(value)), Buffer.from(value)];
  return Buffer.concat([...text(name), u32(queries.length), ...queries.flatMap(text)]);
}
