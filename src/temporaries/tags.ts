import { randomBytes } from 'node:crypto';
import { allowance } from '../openstack/blockstorage/v3/allowance.ts';

/**
 * The ledger of temporaries is kept in the cloud: the request that makes a temporary also writes who made it and when
 * the record expires. So no crash comes between a thing and its record, and any later run can read it.
 *
 * Clouds copy names, descriptions, properties and metadata from one thing to the next (Nova copies an image's
 * properties to every image of a server made from it). So a record names the id that it belongs to, and counts only
 * there. An id that the cloud chooses is added as soon as it is known.
 *
 * The record is in the description of a volume, a snapshot, a port or a security group, in a property of an image, and in the metadata of a
 * server or a secret. Where a request can carry nothing but a name, the record is in the name at first (an image that
 * Cinder or Nova makes, the snapshots that Nova takes for it).
 */
export interface TemporaryRecord {
  readonly purpose: Purpose;
  /** Unique to one job; finds what was made when the answer was lost. */
  readonly tag: string;
  /** The id of what it belongs to; undefined until the cloud has answered with it. */
  readonly id: string | undefined;
  /** Milliseconds since the epoch, by the cloud's clock. */
  readonly made: number;
  /**
   * Until then it is its maker's, even if nobody can see the maker. Milliseconds since the epoch, by the cloud's clock.
   */
  readonly expires: number;
  /** An {@link Owner} as one word. */
  readonly owner: string;
}

/**
 * `scratch` only serves to get at data and always goes; a `result` is what a restore makes, and stays once it has its
 * data.
 */
export type Purpose = 'scratch' | 'result';

const MARKS = { scratch: 'openstack-backup temporary', result: 'openstack-backup unfinished' } as const;
/**
 * The property of an image or a server's metadata that holds the record. Glance's client takes no space or colon in a
 * property's name.
 */
export const TEMPORARY_PROPERTY = 'openstack_backup_temporary';
/** The user metadata of a secret that holds the record. Barbican puts metadata keys into URLs. */
export const TEMPORARY_METADATA = 'openstack-backup-temporary';
/** What Nova puts before an image's name to name the snapshots that it takes. */
const NOVA_PREFIX = 'snapshot for ';
/** A name has at most 255 characters, and Nova's prefix must fit before it. */
export const LONGEST_RECORD = 255 - NOVA_PREFIX.length;

const MINUTE = 60_000;

/** An hour more than the job may take. */
export function expiresAt(made: number, gigabytes: number): number {
  return made + allowance(gigabytes) + 60 * MINUTE;
}

export function newTag(): string {
  return randomBytes(8).toString('base64url');
}

/**
 * The record as text: seconds and minutes in base 36, an id in 22 characters.
 *
 * It is not in the metadata of a volume that is restored to: Cinder replaces that with the source's before we see that
 * the data is there, but leaves the description alone if the volume has a name.
 * https://github.com/openstack/cinder/blob/master/cinder/backup/driver.py `_restore_vol_base_meta`
 */
export function writeTemporary({ purpose, tag, id, made, expires, owner }: TemporaryRecord): string {
  const start = Math.floor(made / 1000);
  const minutes = Math.max(0, Math.ceil((expires - start * 1000) / MINUTE));
  const time = `${start.toString(36)}+${minutes.toString(36)}`;
  const text = `${MARKS[purpose]} ${tag} ${id === undefined ? UNBOUND : short(id)} ${time} ${owner}`;
  if (text.length > LONGEST_RECORD)
    throw new RangeError(`a record of ${text.length} characters does not fit: ${text}`);
  return text;
}

const UNBOUND = '-';
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

function short(id: string): string {
  return UUID.test(id) ? Buffer.from(id.replaceAll('-', ''), 'hex').toString('base64url') : id;
}

function long(word: string): string {
  const hex = word.length === 22 ? Buffer.from(word, 'base64url').toString('hex') : '';
  return hex.length === 32 ? hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-') : word;
}

const FORM = new RegExp(
  `^(?:${NOVA_PREFIX})?(${MARKS.scratch}|${MARKS.result}) ([\\w-]{1,36}) (\\S{1,64}) ([0-9a-z]{1,8})\\+([0-9a-z]{1,6}) (\\S+)$`,
);

/** The record in a text; undefined if it is none of ours. */
export function parseTemporary(text: string): TemporaryRecord | undefined {
  const match = FORM.exec(text);
  if (match === null) return undefined;
  const [, mark = '', tag = '', id = '', start = '', minutes = '', owner = ''] = match;
  const made = Number.parseInt(start, 36) * 1000;
  return {
    purpose: mark === MARKS.scratch ? 'scratch' : 'result',
    tag,
    id: id === UNBOUND ? undefined : long(id),
    made,
    expires: made + Number.parseInt(minutes, 36) * MINUTE,
    owner,
  };
}

/** Every field that can hold a record. */
export interface Recorded {
  readonly id: string;
  readonly name?: string | undefined;
  readonly description?: string | undefined;
  readonly properties?: Readonly<Record<string, string>> | undefined;
}

/**
 * The record of whatever can bear one: the one that names it, else one that names
 * nothing yet. Undefined if it is no temporary of ours, or bears only the record of something else.
 */
export function readTemporary(thing: Recorded): TemporaryRecord | undefined {
  const texts = [thing.description, thing.properties?.[TEMPORARY_PROPERTY], thing.name];
  const records = texts.flatMap((text) => (text === undefined ? [] : (parseTemporary(text) ?? [])));
  return records.find(({ id }) => id === thing.id) ?? records.find(({ id }) => id === undefined);
}
