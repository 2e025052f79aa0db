import type { Sealer } from '../../src/keys/age.ts';
import type { FilePayload } from '../../src/manifest/schema.ts';
import type { Place } from '../../src/store/place.ts';
import { ahead } from '../../src/stream/chunks.ts';
import { Meter } from '../../src/stream/meter.ts';
import { Packer } from './pack.ts';

/** Puts a disk into a place as one file, as earlier versions did: what they saved can still be restored. */
export async function saveFile(
  place: Place,
  name: string,
  source: AsyncIterable<Uint8Array>,
  {
    compression = 'zstd',
    sealer,
  }: { readonly compression?: FilePayload['compression']; readonly sealer?: Sealer | undefined },
): Promise<FilePayload> {
  const plain = new Meter([]);
  const packer = new Packer(compression, ['sha256']);
  const packed = packer.through(plain.through(source));
  const stored = await place.put(name, ahead(sealer === undefined ? packed : sealer.stream(packed), 1));
  const sealed = sealer !== undefined;
  const sha256 = packer.digests['sha256'] ?? '';
  return { layout: 'file', place: place.name, name, size: plain.size, sha256, stored, compression, sealed };
}
