import { OperationError } from '../../errors.ts';
import { digestsOf } from '../../openstack/image/v2/digests.ts';
import type { Image } from '../../openstack/image/v2/images.ts';
import type { Came } from '../../payload/save.ts';
import { Meter } from '../../stream/meter.ts';
import { damaged } from './download.ts';

/** The cloud made no raw disk of the image, which can still be stored as it is. */
export class Unconverted extends OperationError {}

/** Glance's own, so that a restored image can be compared with it. */
export const DISK_DIGEST = 'sha512';

/** The raw image of a volume, of which the first bytes are the disk. */
export class RawDisk {
  readonly #image: Image;
  readonly #size: number;
  readonly #meter: Meter;
  /** Whether the volume has anything behind the disk. */
  #hasMore = false;

  /** @param size bytes of the disk */
  constructor(image: Image, size: number) {
    this.#image = image;
    this.#size = size;
    const [digest] = digestsOf(image);
    // The digest of the disk is measured where it is stored.
    const isMeasured = digest === undefined || (image.size === size && digest.algorithm === DISK_DIGEST);
    this.#meter = new Meter(isMeasured ? [] : [digest.algorithm]);
  }

  /** The disk; what is behind it is read, too. */
  async *read(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
    let at = 0;
    for await (const piece of this.#meter.through(source)) {
      const end = Math.max(0, this.#size - at);
      if (end > 0) yield piece.subarray(0, end);
      this.#hasMore ||= !isZeros(piece.subarray(end));
      at += piece.length;
    }
  }

  /** @throws OperationError unless all that Glance has came; Unconverted if it does not know how large the disk is */
  check(came: Came): void {
    const { size } = this.#meter;
    const image = this.#image;
    if (size !== (image.size ?? size)) throw damaged(image, `received ${size} of ${image.size} bytes`);
    if (came.size !== this.#size)
      throw damaged(image, `it has ${came.size} bytes, and the disk has ${this.#size}`);
    const [digest] = digestsOf(image);
    const measured = { ...came.digests, ...this.#meter.digests() };
    if (digest !== undefined && measured[digest.algorithm] !== digest.value)
      throw damaged(image, `its ${digest.algorithm} differs from the one Glance recorded`);
    if (this.#hasMore)
      throw new Unconverted(`the cloud says that its disk has ${this.#size} bytes, but it has more`);
  }
}

/** Equal to itself moved by one byte. */
function isZeros(bytes: Uint8Array): boolean {
  const same = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  return same.length === 0 || (same[0] === 0 && same.subarray(1).equals(same.subarray(0, -1)));
}
