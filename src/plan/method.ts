/** How a volume is saved: as Cinder backup, or as an image. */
export type Method = 'cinder-backup' | 'image';

/** The facts that decide it. */
export interface MethodFacts {
  /** A store is named: data is to leave the cloud. */
  readonly store: boolean;
  /** Of an encrypted volume: `luks`, `luks2`, `plain`. */
  readonly provider: string | undefined;
}

/**
 * Which way a volume goes, and why. Cinder backups cannot leave the cloud, images can; and from 2025.1 on Glance refuses
 * images with a LUKS2 header: https://github.com/openstack/glance/blob/master/glance/location.py `set_data`
 */
export function decideMethod(
  wish: 'auto' | Method,
  { store, provider }: MethodFacts,
): { readonly method: Method; readonly reason: string } {
  if (wish !== 'auto') return { method: wish, reason: 'that way was asked for' };
  if (!store) return { method: 'cinder-backup', reason: 'no store is named, so the data stays in the cloud' };
  if (provider === 'luks2')
    return {
      method: 'cinder-backup',
      reason: 'Glance refuses images with a LUKS2 header, so its data cannot leave the cloud',
    };
  return { method: 'image', reason: 'a store is named, so the data is to leave the cloud' };
}
