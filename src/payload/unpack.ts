import { isSealed, type Opener, SEALED_HEAD } from '../keys/age.ts';
import { peek } from '../stream/chunks.ts';
import { decompressed } from '../stream/zstd.ts';
import { beginsFrame } from '../stream/zstd-frame.ts';

/** What bytes can be packed in. */
export type Layer = 'age' | 'zstd';

const LONGEST_MAGIC = Math.max(SEALED_HEAD, 32);

/**
 * Opens a payload whose manifest is not at hand: its first bytes tell what it is packed in. So nobody says what it must
 * be: what is not sealed may be anything.
 *
 * @param opener asked for only where it is sealed
 * @param what for messages only
 * @returns the plain bytes, and the layers that were taken off, from the outside in
 * @throws OperationError while it is read, where it was altered or cut short
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
