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

/** Drops an answer before its end. Undici reports that as an error, which is ignored. */
export function discard(body: Readable): void {
  body.on('error', () => undefined).destroy();
}

/** Whether a body can be read only once, so that its request can be sent only once. */
export function isStream(body: string | Uint8Array | Readable | undefined): body is Readable {
  return typeof body === 'object' && !(body instanceof Uint8Array);
}
