import type { Manifest, RestorePoint, VolumeBackupPoint } from './schema.ts';

/** What no schema can check: a manifest must not contradict itself. Undefined if it does not. */
export function contradiction({ restorePoints }: Manifest): string | undefined {
  const seen = new Set<string>();
  for (const point of restorePoints) {
    const said = inItself(point) ?? twice(point, seen);
    if (said !== undefined) return said;
    for (const name of namesOf(point)) seen.add(name);
  }
  const points = new Map(restorePoints.map((point) => [point.id, point]));
  for (const point of restorePoints) {
    const lost = inReferences(point, points);
    if (lost !== undefined) return lost;
  }
  return undefined;
}

/** The restore points of a growing manifest, each checked once. A point comes after those that it needs. */
export class Consistent {
  readonly #seen = new Set<string>();
  readonly #points = new Map<string, RestorePoint>();

  /** @returns why the point would contradict itself or another one; then it is not added */
  add(point: RestorePoint): string | undefined {
    const said = inItself(point) ?? twice(point, this.#seen) ?? inReferences(point, this.#points);
    if (said !== undefined) return said;
    for (const name of namesOf(point)) this.#seen.add(name);
    this.#points.set(point.id, point);
    return undefined;
  }
}

/** What a manifest may hold only once. */
function namesOf(point: RestorePoint): string[] {
  const payload = 'payload' in point && point.payload !== null ? [point.payload.name] : [];
  return point.method === 'cinder-backup' ? [point.id, point.backup.id] : [point.id, ...payload];
}

function twice(point: RestorePoint, seen: ReadonlySet<string>): string | undefined {
  const name = namesOf(point).find((candidate) => seen.has(candidate));
  return name === undefined ? undefined : `${name} appears twice`;
}

function inItself(point: RestorePoint): string | undefined {
  return point.method === 'cinder-backup' ? inBackup(point) : inPoint(point);
}
function inBackup({ backup, chain, resource }: VolumeBackupPoint): string | undefined {
  if (backup.size < resource.size) return `backup ${backup.id} is smaller than its volume`;
  if (backup.incremental !== (chain.parent !== null))
    return `backup ${backup.id} is an increment without a parent, or a full backup with one`;
  if ((chain.position === 0) !== (chain.parent === null))
    return `backup ${backup.id} has a wrong position in its chain`;
  return undefined;
}

function inPoint(point: Exclude<RestorePoint, VolumeBackupPoint>): string | undefined {
  switch (point.method) {
    case 'image':
      if (point.payload === null && !point.image.kept)
        return `restore point ${point.id} says that its image is neither kept nor stored`;
      if (point.payload !== null && point.payload.size !== point.image.size)
        return `payload ${point.payload.name} differs in size from its image`;
      return undefined;
    case 'download':
      return point.payload.size === point.resource.size
        ? undefined
        : `payload ${point.payload.name} differs in size from its image`;
    case 'sealed':
    case 'plaintext':
      return point.payload.sealed === (point.method === 'sealed')
        ? undefined
        : `key ${point.resource.id} is recorded as ${point.method}, but its payload is not`;
    case 'kept':
    case 'disks':
      return undefined;
  }
}

/** A restore point that needs another must find it in the same manifest, and of the right kind. */
function inReferences(point: RestorePoint, points: ReadonlyMap<string, RestorePoint>): string | undefined {
  if (point.method === 'disks') {
    const lost = point.resource.disks.find(({ volume, point: id }) => {
      const kind = points.get(id)?.resource.kind;
      return kind !== (volume === null ? 'image' : 'volume');
    });
    return lost === undefined
      ? undefined
      : `server ${point.resource.id} needs ${lost.point}, which is not in the manifest`;
  }
  const encryption = 'encryption' in point.resource ? point.resource.encryption : null;
  if (encryption === null) return undefined;
  const { worth, point: id, id: keyId } = encryption.key;
  if (id === undefined)
    return worth === 'cloud-only'
      ? undefined
      : `the key of ${point.resource.id} is recorded as ${worth}, but is not in the manifest`;
  const key = points.get(id);
  return key?.resource.kind === 'secret' && key.resource.id === keyId
    ? undefined
    : `the key of ${point.resource.id} should be in ${id}, but is not`;
}
