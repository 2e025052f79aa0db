/** As Cinder, Nova, Glance and Neutron call them; Cinder adds some for each volume type that has its own. */
export type QuotaName =
  | 'backups'
  /** GiB. Increments count their volume's whole size. */
  | 'backup_gigabytes'
  | Quantity
  | `${Quantity}_${string}`
  | 'images'
  | 'image_mebibytes'
  | 'instances'
  | 'cores'
  /** MiB. */
  | 'ram'
  | 'ports'
  | 'security_groups';

/** `gigabytes`: GiB of volumes and of snapshots. */
export type Quantity = 'volumes' | 'snapshots' | 'gigabytes';

export interface Limit {
  readonly used: number;
  /** -1: unlimited. */
  readonly max: number;
}

/** A quota that the cloud does not show is missing, and nothing is refused for it. */
export type Quotas = Readonly<Partial<Record<QuotaName, Limit>>>;

/** What is needed on top of what is used. */
export type Need = Readonly<Partial<Record<QuotaName, number>>>;

export function countsOf(need: Need): [QuotaName, number][] {
  return Object.entries(need) as [QuotaName, number][];
}
