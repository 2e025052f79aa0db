import { getHashes } from 'node:crypto';
import type { Image } from './images.ts';

/** A digest of an image's data, lower-case hex. */
export interface Digest {
  /** As node:crypto calls it. */
  readonly algorithm: string;
  readonly value: string;
}

/** The digests that Glance shows and node can compute, best first; none for data that Glance never saw. */
export function digestsOf({ hash, checksum }: Pick<Image, 'hash' | 'checksum'>): Digest[] {
  return [
    ...(hash !== undefined && getHashes().includes(hash.algorithm) ? [hash] : []),
    ...(checksum === undefined ? [] : [{ algorithm: 'md5', value: checksum }]),
  ];
}
