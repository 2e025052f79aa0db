/** How a volume is saved: as a Cinder backup or as an image. */
export type Method = 'cinder-backup' | 'image';

/** The facts that decide the method. */
export interface MethodFacts {
  /** Whether a store is given, so that data is to leave the cloud. */
  readonly store: boolean;
  /** GiB. */
  readonly size: number;
  /**
   * `luks`, `luks2` or `plain` for an encrypted volume, null if the cloud does not tell; undefined if not encrypted.
   */
  readonly provider: string | null | undefined;
}

export interface MethodDecision {
  readonly method: Method;
  readonly reason: string;
  /** Set if only Glance can tell: asks Glance, and saves an image if it accepts the data. */
  readonly imageIfTaken?: true;
}

/** Decides how to save a volume, and why. Cinder backups cannot leave the cloud, images can. */
export function decideMethod(wish: 'auto' | Method, facts: MethodFacts): MethodDecision {
  if (wish !== 'auto') return { method: wish, reason: 'that method was requested' };
  if (!facts.store)
    return { method: 'cinder-backup', reason: 'no store is given, so the data stays in the cloud' };
  const doubt = doubtOfImage(facts);
  return doubt === undefined
    ? { method: 'image', reason: 'a store is given, so the data leaves the cloud' }
    : {
        method: 'cinder-backup',
        reason: `${doubt}, so its data cannot leave the cloud`,
        ...(isLuks2(facts) && facts.size < CAP_GIB ? { imageIfTaken: true } : {}),
      };
}

const CAP_GIB = 1024;

/**
 * Why Glance, in its default configuration, may refuse a volume's image; undefined if no reason is known. Since 2025.1
 * it refuses LUKS2: `set_data` in https://github.com/openstack/glance/blob/master/glance/location.py; and every release
 * refuses more than `image_size_cap`.
 */
export function doubtOfImage({ provider, size }: Omit<MethodFacts, 'store'>): string | undefined {
  if (isLuks2({ provider })) return 'Glance since 2025.1 refuses images with a LUKS2 header';
  // An encrypted volume adds its header to its size.
  if (size > CAP_GIB || (size === CAP_GIB && provider !== undefined))
    return 'Glance accepts images of up to 1 TiB';
  return undefined;
}

function isLuks2({ provider }: Pick<MethodFacts, 'provider'>): boolean {
  return provider?.toLowerCase().includes('luks2') === true;
}
