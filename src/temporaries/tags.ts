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

const TAG = 'openstack-backup:temporary';
const OWNER = 'openstack-backup:owner';
const EXPIRES = 'openstack-backup:expires';

/** An hour beyond the time that the job may take. */
export function expiry(now: number, gigabytes: number): string {
  return new Date(now + allowance(gigabytes) + 3_600_000).toISOString();
}

/**
 * Metadata of a volume that is being restored to. Cinder replaces it by the source's when the data is there, so a volume
 * that still has it was never brought to its end.
 */
export function writeTemporary(tags: TemporaryTags): Record<string, string> {
  return {
    [TAG]: tags.tag,
    [OWNER]: tags.owner.slice(0, 255),
    ...(tags.expires === undefined ? {} : { [EXPIRES]: tags.expires }),
  };
}

export function readTemporary(metadata: Readonly<Record<string, string>>): TemporaryTags | undefined {
  const tag = metadata[TAG];
  return tag === undefined ? undefined : { tag, owner: metadata[OWNER] ?? '', expires: metadata[EXPIRES] };
}
