import { isSealed, type Opener, SEALED_HEAD } from '../keys/age.ts';
import { peek } from '../stream/chunks.ts';
import { decompressed } from '../stream/zstd.ts';
import { beginsFrame } from '../stream/zstd-frame.ts';

/** A layer that bytes can be packed in. */
export type Layer = 'age' | 'zstd';

const LONGEST_MAGIC = Math.max(SEALED_HEAD, 32);

/**
 * Opens a payload whose manifest is not at hand: its first bytes tell how it is packed. Nothing checks what it should
 * be: an unsealed file may be anything.
 *
 * @param opener asked for only if it is sealed
 * @param what for messages only
 * @returns the plain bytes, and the layers taken off, outermost first
 * @throws OperationError while reading, if it was altered or cut short
 */
export async function unpacked(
  source: AsyncIterable<Uint8Array>,
  opener: () => Promise<Opener>,
  what: string,
): Promise<{ readonly bytes: AsyncGenerator<Uint8Array, void>; readonly layers: readonly Layer[] }> {
  const layers: Layer[] = [];
  let { head, stream } = await peek(source, () => LONGEST_MAGIC);
  if (isSealed(head)) {
    layers.push('age');
    ({ head, stream } = await peek((await opener()).stream(stream, what), () => LONGEST_MAGIC));
  }
  if (beginsFrame(head)) {
    layers.push('zstd');
    stream = decompressed(stream, what);
  }
  return { bytes: stream, layers };
}
