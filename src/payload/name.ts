import { checkedName } from '../store/name.ts';

/**
 * The name of a restore point's payload, which tells how to open it by hand: `volume-5f2c….raw.zst.age`.
 *
 * @param point the id of the restore point
 * @param format the disk format of an image; undefined for a key
 */
export function payloadName(
  kind: 'image' | 'volume' | 'secret',
  point: string,
  format: string | undefined,
  packed: { readonly compression: 'none' | 'zstd'; readonly sealed: boolean },
): string {
  const extension = kind === 'secret' ? 'key' : /^[0-9a-z]{1,16}$/.test(format ?? '') ? format : 'img';
  const suffixes = `${packed.compression === 'zstd' ? '.zst' : ''}${packed.sealed ? '.age' : ''}`;
  return checkedName(`${kind}-${point}.${extension}${suffixes}`);
}
