/** How a volume is saved: as Cinder backup, or as an image. */
export type Method = 'cinder-backup' | 'image';

/** The facts that decide it. */
export interface MethodFacts {
  /** A store is named: data is to leave the cloud. */
  readonly store: boolean;
  /** GiB. */
  readonly size: number;
  /** Of an encrypted volume: `luks`, `luks2`, `plain`; null where the cloud does not tell. Undefined: not encrypted. */
  readonly provider: string | null | undefined;
}

export interface MethodDecision {
  readonly method: Method;
  readonly reason: string;
  /** Set where only Glance itself can tell: it is to be asked, and where it takes the data, it goes as an image. */
  readonly imageIfTaken?: true;
}

/** Which way a volume goes, and why. Cinder backups cannot leave the cloud, images can. */
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
 * Why Glance may refuse a volume's image, as it does unless the operator says otherwise; undefined if nothing is
 * known. From 2025.1 on it takes no LUKS2: `set_data` in
 * https://github.com/openstack/glance/blob/master/glance/location.py; and at all times no more than `image_size_cap`.
 */
export function doubtOfImage({ provider, size }: Omit<MethodFacts, 'store'>): string | undefined {
  if (isLuks2({ provider })) return 'Glance since 2025.1 refuses images with a LUKS2 header';
  // The header of an encrypted volume comes beside its size.
  if (size > CAP_GIB || (size === CAP_GIB && provider !== undefined))
    return 'Glance accepts images of up to 1 TiB';
  return undefined;
}

function isLuks2({ provider }: Pick<MethodFacts, 'provider'>): boolean {
  return provider?.toLowerCase().includes('luks2') === true;
}
