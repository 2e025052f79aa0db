import type { Image } from '../openstack/image/v2/images.ts';
import type { Holdings } from './holdings.ts';
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
 * How far a thing is. `busy`: the cloud is at work on it, and will say how that ends. `incomplete`: it has not what it was
 * made for, and will not get it. `complete`: it has. `used`: it is attached, or on its way there.
 */
export type Progress = 'busy' | 'incomplete' | 'complete' | 'used';

/** A thing that bears a record of its own, or one that names nothing yet. */
export interface Temporary extends Removable {
  readonly kind: 'server' | 'image' | 'volume' | 'snapshot' | 'secret';
  readonly record: TemporaryRecord;
  readonly createdAt: string;
  readonly progress: Progress;
  /** That it is what the record was written for, and no copy: `proved`, `likely`, or `doubtful`. */
  readonly original: 'proved' | 'likely' | 'doubtful';
}

type Candidate = Omit<Temporary, 'record' | 'original'> & Pick<Recorded, 'description' | 'properties'>;

/** Everything that bears a record which may be its own, a living run's too. */
export function temporariesOf(holdings: Omit<Holdings, 'backups'>): Temporary[] {
  const all = candidates(holdings);
  const bearers = countByTag(all);
  const isTied = tiedSnapshots(holdings.images);
  return all.flatMap((candidate) => {
    const record = readTemporary(candidate);
    if (record === undefined) return [];
    const { description: _description, properties: _properties, ...thing } = candidate;
    const isProved = record.id !== undefined || (thing.kind === 'snapshot' && isTied(thing.id, record.tag));
    const isLikely =
      bearers.get(bearing(candidate, record.tag)) === 1 && madeTogether(thing.createdAt, record.made);
    return [{ ...thing, record, original: isProved ? 'proved' : isLikely ? 'likely' : 'doubtful' }];
  });
}

function candidates({
  volumes,
  snapshots,
  images,
  secrets,
  servers,
}: Omit<Holdings, 'backups'>): Candidate[] {
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
    ...secrets.map((secret) => ({
      kind: 'secret' as const,
      ...common(secret),
      description: secret.metadata[TEMPORARY_METADATA],
      progress: Object.keys(secret.contentTypes).length > 0 ? ('complete' as const) : ('incomplete' as const),
    })),
  ];
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

/** A status that is not known is that of something whole: doubt keeps. */
function progressOf(status: string, { busy, incomplete }: Words): Progress {
  return busy.includes(status) ? 'busy' : incomplete.includes(status) ? 'incomplete' : 'complete';
}

const IN_USE = ['in-use', 'attaching', 'detaching', 'reserved', 'uploading', 'backing-up', 'retyping'];

function volumeProgress({ status, attachments }: Holdings['volumes'][number]): Progress {
  if (attachments.length > 0 || IN_USE.includes(status)) return 'used';
  return progressOf(status, VOLUME);
}

/** Glance tells of no user of an image. */
function imageProgress({ status }: Image): Progress {
  return progressOf(status, IMAGE);
}

/** One that ever ran may have been used; with one that takes whole volumes along, their data would go. */
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

/** How many of a kind bear a tag, in whatever place, and whatever their record names. */
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

/** The clocks of a cloud's services differ a little, and a request may be tried again for some minutes. */
const [BEFORE_MS, AFTER_MS] = [2 * 60_000, 10 * 60_000];

/** Whether a thing was made by the request that carried a record. */
export function madeTogether(createdAt: string, made: number): boolean {
  const after = Date.parse(createdAt) - made;
  return after >= -BEFORE_MS && after <= AFTER_MS;
}

/** Nova's snapshots of a server's volumes: the image that they were taken for names them, and has their tag in its own record. */
function tiedSnapshots(images: readonly Image[]): (snapshotId: string, tag: string) => boolean {
  const mappings = new Map<string, string>();
  for (const image of images) {
    const record = readTemporary(image);
    if (record?.id !== undefined) mappings.set(record.tag, image.properties['block_device_mapping'] ?? '');
  }
  return (snapshotId, tag) => mappings.get(tag)?.includes(snapshotId) ?? false;
}
