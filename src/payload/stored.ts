import type { Payload } from '../manifest/schema.ts';
import { bytes } from '../text/bytes.ts';

/** How a disk came to lie in a store, in words: "20 GiB, 96 MiB sent, 19 GiB there already". */
export function toldStored(payload: Payload): string {
  const size = bytes(payload.size);
  if (payload.layout === 'file') return `${size} stored as ${bytes(payload.stored.size)}`;
  const { sent, takenOver } = payload;
  return `${size}, ${bytes(sent)} sent${takenOver === 0 ? '' : `, ${bytes(takenOver)} there already`}`;
}
