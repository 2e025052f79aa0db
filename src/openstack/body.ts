import type { Readable } from 'node:stream';

/** The whole body; throws when it is longer than `limit` bytes, so that no answer can fill the memory. */
export async function readBytes(body: Readable, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += (chunk as Buffer).length;
    if (size > limit) {
      discard(body);
      throw new RangeError(`the answer is longer than ${limit} bytes`);
    }
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}

/** Lets go of an answer that is not read to its end; undici calls that an error. */
export function discard(body: Readable): void {
  body.on('error', () => undefined).destroy();
}

/** A body that can be read once only, so a request with it can be sent once only. */
export function isStream(body: string | Uint8Array | Readable | undefined): body is Readable {
  return typeof body === 'object' && !(body instanceof Uint8Array);
}
