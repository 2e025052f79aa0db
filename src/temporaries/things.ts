import type { Image } from '../openstack/image/v2/images.ts';
import { type Drilled, drilledServers } from './drilled-servers.ts';
import type { Holdings, Looked } from './holdings.ts';
import type { Removable } from './remove.ts';
import {
  parseTemporary,
  type Recorded,
  readTemporary,
  TEMPORARY_METADATA,
  TEMPORARY_PROPERTY,
  type TemporaryRecord,
} from './tags.ts';

/**
 * How far along a thing is. `busy`: the cloud works on it, and will say how that ends. `incomplete`: it lacks what it
 * was made for, and will not get it. `complete`: it lacks nothing. `used`: it is attached, or about to be.
 */
export type Progress = 'busy' | 'incomplete' | 'complete' | 'used';

/** A thing with a record of its own, or with one that names nothing yet. */
export interface Temporary extends Removable {
  readonly kind: 'server' | 'image' | 'volume' | 'snapshot' | 'secret' | 'port' | 'security group';
  readonly record: TemporaryRecord;
  readonly createdAt: string;
  readonly progress: Progress;
  /** Whether it is what the record was written for, and not a copy. */
  readonly original: 'proved' | 'likely' | 'doubtful';
}

type Candidate = Omit<Temporary, 'record' | 'original'> & Pick<Recorded, 'description' | 'properties'>;

/** What bears a record with one of these tags; copies are left out. */
export function bearersOf(tags: readonly string[], holdings: Omit<Looked, 'backups'>): Temporary[] {
  return temporariesOf(holdings).filter(
    ({ record, original }) => tags.includes(record.tag) && original !== 'doubtful',
  );
}

/** Everything with a record that may be its own, including a living run's. */
export function temporariesOf(holdings: Omit<Looked, 'backups'>): Temporary[] {
  const all = candidates(holdings);
  const bearers = countByTag(all);
  const isTied = tiedSnapshots(holdings.images);
  const drilled = drilledServers(holdings);
  return all.flatMap((candidate) => {
    const record = readTemporary(candidate);
    if (record === undefined) return [];
    const { description: _description, properties: _properties, ...thing } = candidate;
    const isProved =
      record.id !== undefined ||
      (thing.kind === 'snapshot' && isTied(thing.id, record.tag)) ||
      (thing.kind === 'server' && drilled.isOurs(thing.id, record.owner));
    const isLikely =
      bearers.get(bearing(candidate, record.tag)) === 1 && madeTogether(thing.createdAt, record.made);
    const original = isProved ? 'proved' : isLikely ? 'likely' : 'doubtful';
    return [{ ...thing, progress: progressInDrill(thing, record, drilled), record, original }];
  });
}

function candidates({
  volumes,
  snapshots,
  images,
  secrets,
  servers,
  ports = [],
  securityGroups = [],
}: Omit<Looked, 'backups'>): Candidate[] {
  return [
    ...servers.map((server) => ({
      kind: 'server' as const,
      ...common(server),
      properties: server.metadata,
      progress: serverProgress(server, volumes),
    })),
    ...images.map((image) => ({
      kind: 'image' as const,
      ...common(image),
      properties: image.properties,
      progress: imageProgress(image),
    })),
    ...volumes.map((volume) => ({
      kind: 'volume' as const,
      ...common(volume),
      description: volume.description,
      progress: volumeProgress(volume),
    })),
    ...snapshots.map((snapshot) => ({
      kind: 'snapshot' as const,
      ...common(snapshot),
      description: snapshot.description,
      progress: progressOf(snapshot.status, SNAPSHOT),
    })),
    ...ports.map(({ id, name, description, createdAt, deviceId }) => ({
      kind: 'port' as const,
      ...common({ id, name, status: deviceId === '' ? 'free' : 'in use', createdAt }),
      description,
      progress: deviceId === '' ? ('complete' as const) : ('used' as const),
    })),
    ...securityGroups.map(({ id, name, description, createdAt }) => ({
      kind: 'security group' as const,
      // Neutron does not tell who uses it, and refuses to delete it meanwhile.
      ...common({ id, name, status: 'complete', createdAt }),
      description,
      progress: 'complete' as const,
    })),
    ...secrets.map((secret) => ({
      kind: 'secret' as const,
      ...common(secret),
      description: secret.metadata[TEMPORARY_METADATA],
      progress: Object.keys(secret.contentTypes).length > 0 ? ('complete' as const) : ('incomplete' as const),
    })),
  ];
}

/** A drill's server always goes, whatever it is at; and what only such a server uses goes with it. */
function progressInDrill(
  { kind, id, status, progress }: Omit<Temporary, 'record' | 'original'>,
  { purpose, owner }: TemporaryRecord,
  drilled: Drilled,
): Progress {
  if (purpose !== 'scratch') return progress;
  if (kind === 'server') return status === 'BUILD' ? 'complete' : progress;
  return progress === 'used' && drilled.isOnlyUser(kind, id, owner) ? 'complete' : progress;
}

function common({
  id,
  name,
  status,
  createdAt,
}: {
  readonly id: string;
  readonly name: string | undefined;
  readonly status: string;
  readonly createdAt: string;
}) {
  return { id, name: name ?? '', status, createdAt };
}

interface Words {
  readonly busy: readonly string[];
  readonly incomplete: readonly string[];
}

const VOLUME: Words = {
  busy: ['creating', 'downloading', 'restoring-backup', 'deleting'],
  incomplete: ['error', 'error_restoring', 'error_deleting'],
};
const SNAPSHOT: Words = {
  busy: ['creating', 'deleting', 'backing-up'],
  incomplete: ['error', 'error_deleting'],
};
const IMAGE: Words = {
  busy: ['uploading', 'importing', 'pending_delete', 'deleted'],
  incomplete: ['queued', 'saving', 'killed'],
};

/** An unknown status counts as complete: when in doubt, it stays. */
function progressOf(status: string, { busy, incomplete }: Words): Progress {
  return busy.includes(status) ? 'busy' : incomplete.includes(status) ? 'incomplete' : 'complete';
}

const IN_USE = ['in-use', 'attaching', 'detaching', 'reserved', 'uploading', 'backing-up', 'retyping'];

function volumeProgress({ status, attachments }: Holdings['volumes'][number]): Progress {
  if (attachments.length > 0 || IN_USE.includes(status)) return 'used';
  return progressOf(status, VOLUME);
}

/** Glance does not tell who uses an image. */
function imageProgress({ status }: Image): Progress {
  return progressOf(status, IMAGE);
}

/** A server that ever ran may have been used. If deleting it also deletes complete volumes, their data would go too. */
function serverProgress(
  { status, launched, volumes }: Holdings['servers'][number],
  all: Holdings['volumes'],
): Progress {
  if (status === 'BUILD' || status === 'DELETED' || status === 'SOFT_DELETED') return 'busy';
  if (status !== 'ERROR' || launched) return 'complete';
  const takes = volumes.some(
    ({ id, deleteOnTermination }) =>
      deleteOnTermination &&
      all.some((volume) => volume.id === id && volumeProgress(volume) !== 'incomplete'),
  );
  return takes ? 'complete' : 'incomplete';
}

function bearing({ kind }: Pick<Candidate, 'kind'>, tag: string): string {
  return `${kind} ${tag}`;
}

/** How many things of a kind bear each tag, wherever the record is and whatever id it names. */
function countByTag(all: readonly Candidate[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const candidate of all) {
    const { description, name, properties } = candidate;
    const texts = [description, properties?.[TEMPORARY_PROPERTY], name];
    const tags = texts.flatMap((text) => parseTemporary(text ?? '')?.tag ?? []);
    for (const tag of new Set(tags)) {
      const key = bearing(candidate, tag);
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
  }
  return counts;
}

/** The clocks of a cloud's services differ a little, and a request may be retried for some minutes. */
const [BEFORE_MS, AFTER_MS] = [2 * 60_000, 10 * 60_000];

/** Whether a thing was made by the request that carried the record. */
export function madeTogether(createdAt: string, made: number): boolean {
  const after = Date.parse(createdAt) - made;
  return after >= -BEFORE_MS && after <= AFTER_MS;
}

/**
 * Nova's snapshots of a server's volumes: the image that they were taken for names them, and has their tag in its own
 * record.
 */
function tiedSnapshots(images: readonly Image[]): (snapshotId: string, tag: string) => boolean {
  const mappings = new Map<string, string>();
  for (const image of images) {
    const record = readTemporary(image);
    if (record?.id !== undefined) mappings.set(record.tag, image.properties['block_device_mapping'] ?? '');
  }
  return (snapshotId, tag) => mappings.get(tag)?.includes(snapshotId) ?? false;
}
