import { allowance } from '../openstack/blockstorage/v3/allowance.ts';

/**
 * The ledger of temporaries stands in the cloud: what may be left over carries who made it and until when, written by
 * the very request that makes it. So no crash comes between the thing and its record, and any later run can read it.
 */
export interface TemporaryTags {
  /** Unique to one create request: what a lost answer is looked up by. */
  readonly tag: string;
  /** An Owner as one word. */
  readonly owner: string;
  /** ISO 8601. */
  readonly expires: string | undefined;
}

const MARK = 'openstack-backup temporary';

/** An hour beyond the time that the job may take. */
export function expiry(now: number, gigabytes: number): string {
  return new Date(now + allowance(gigabytes) + 3_600_000).toISOString();
}

/**
 * The description of a volume that is being restored to. Not its metadata: Cinder replaces that by the source's before
 * we see that the data is there, while it leaves the description of a volume with a name alone.
 * https://github.com/openstack/cinder/blob/master/cinder/backup/driver.py `_restore_vol_base_meta`
 */
export function writeTemporary({ tag, owner, expires }: TemporaryTags): string {
  return `${MARK} ${tag} ${expires ?? 'never'} ${owner}`.slice(0, 255);
}

const FORM = new RegExp(`^${MARK} ([0-9a-f-]{36}) (\\S+) (\\S*)$`);

/** The record in a volume's description; undefined for a volume that is no temporary of ours. */
export function readTemporary({ description }: { readonly description: string }): TemporaryTags | undefined {
  const [, tag, expires, owner] = FORM.exec(description) ?? [];
  return tag === undefined ? undefined : { tag, owner: owner ?? '', expires };
}
