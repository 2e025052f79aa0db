import { allowance } from '../openstack/blockstorage/v3/allowance.ts';

/**
 * The ledger of temporaries stands in the cloud: what may be left over carries who made it and until when, written by
 * the very request that makes it. So no crash comes between the thing and its record, and any later run can read it.
 *
 * Where the record stands: in the description of a volume or a snapshot; in a property of an image that we make; in
 * the metadata of a server, and of a secret that is to stay; and where a request can carry nothing but a name, it is the
 * name (an image that Cinder or Nova makes, the snapshots that Nova takes for it, a secret that goes again). The metadata
 * of a secret is a request of its own: what a dead run leaves before it is empty.
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
/** The image property that holds the record. Glance's names of properties take no space or colon in its client. */
export const TEMPORARY_PROPERTY = 'openstack_backup_temporary';
/** The user metadata of a secret that holds the record. Barbican's keys of metadata are addresses. */
export const TEMPORARY_METADATA = 'openstack-backup-temporary';
/** What Nova puts before an image's name to call the snapshots that it takes. */
const NOVA_PREFIX = 'snapshot for ';
/** A name has 255 characters, and Nova's prefix must fit before it. */
const LONGEST = 240;

/** An hour beyond the time that the job may take. */
export function expiry(now: number, gigabytes: number): string {
  return new Date(now + allowance(gigabytes) + 3_600_000).toISOString();
}

/**
 * The record as text, at most 240 characters.
 *
 * Not in the metadata of a volume that is restored to: Cinder replaces that by the source's before we see that the data
 * is there, while it leaves the description of a volume with a name alone.
 * https://github.com/openstack/cinder/blob/master/cinder/backup/driver.py `_restore_vol_base_meta`
 */
export function writeTemporary({ tag, owner, expires }: TemporaryTags): string {
  return `${MARK} ${tag} ${expires ?? 'never'} ${owner}`.slice(0, LONGEST);
}

const FORM = new RegExp(`^(?:${NOVA_PREFIX})?${MARK} ([0-9a-f-]{36}) (\\S+) (\\S*)$`);

/** The record that a text is; undefined for one that is none of ours. */
export function parseTemporary(text: string): TemporaryTags | undefined {
  const [, tag, expires, owner] = FORM.exec(text) ?? [];
  return tag === undefined ? undefined : { tag, owner: owner ?? '', expires };
}

/** The record on a volume, a snapshot, an image or a secret; undefined for what is no temporary of ours. */
export function readTemporary(thing: {
  readonly name?: string | undefined;
  readonly description?: string | undefined;
  readonly properties?: Readonly<Record<string, string>> | undefined;
}): TemporaryTags | undefined {
  for (const text of [thing.description, thing.properties?.[TEMPORARY_PROPERTY], thing.name]) {
    const record = text === undefined ? undefined : parseTemporary(text);
    if (record !== undefined) return record;
  }
  return undefined;
}
