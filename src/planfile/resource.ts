import type { Kind } from '../manifest/points.ts';

/** A resource that a plan may back up. A plain record. */
export interface Resource {
  readonly kind: Kind;
  readonly id: string;
  readonly name: string;
  /** The properties, for an image; empty for a secret, since lists do not show its metadata. */
  readonly metadata: Readonly<Record<string, string>>;
  /** For a server, the sum of its volumes; 0 if the cloud does not say. */
  readonly bytes: number;
  readonly encrypted: boolean;
  /** The id of the key that encrypts it, if the cloud tells. */
  readonly keyId: string | undefined;
  /** Ids, for a server. */
  readonly volumes: readonly string[];
}

/** Leaves out the keys of volumes, which are reported with their volumes. */
export function withoutKeysOfVolumes(resources: readonly Resource[]): Resource[] {
  const keys = new Set(resources.filter(({ kind }) => kind === 'volume').map(({ keyId }) => keyId));
  return resources.filter(({ kind, id }) => kind !== 'secret' || !keys.has(id));
}

/** Uses the id, since names may be shared. */
export function keyOf({ kind, id }: Pick<Resource, 'kind' | 'id'>): string {
  return `${kind} ${id}`;
}
