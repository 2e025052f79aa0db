import { checkedSegment } from '../store/name.ts';

/** What the name of a payload is made from. */
export interface PayloadFacts {
  readonly kind: 'image' | 'volume' | 'secret';
  /** The id of the restore point. */
  readonly point: string;
  /** The disk format of an image; undefined for a key. */
  readonly format?: string | undefined;
}

/** The name of a restore point's payload, which tells how to open it by hand: `volume-5f2c….raw.zst.age`. */
export function payloadName(
  { kind, point, format }: PayloadFacts,
  packed: { readonly compression: 'none' | 'zstd'; readonly sealed: boolean },
): string {
  const extension = kind === 'secret' ? 'key' : /^[0-9a-z]{1,16}$/.test(format ?? '') ? format : 'img';
  const suffixes = `${packed.compression === 'zstd' ? '.zst' : ''}${packed.sealed ? '.age' : ''}`;
  return checkedSegment(`${kind}-${point}.${extension}${suffixes}`);
}
