import type { Kind } from '../manifest/points.ts';

/** Something of the project that a plan may back up. A plain record. */
export interface Resource {
  readonly kind: Kind;
  readonly id: string;
  readonly name: string;
  /** Of an image its properties; of a secret nothing, since lists do not show it. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Bytes: of a server its volumes'; 0 where the cloud does not say. */
  readonly bytes: number;
  readonly encrypted: boolean;
  /** The id of the key that it is encrypted with, where the cloud tells it. */
  readonly keyId: string | undefined;
  /** The ids of a server's volumes. */
  readonly volumes: readonly string[];
}

/** Whoever saves no keys by themselves hears of a volume's key with the volume. */
export function withoutKeysOfVolumes(resources: readonly Resource[]): Resource[] {
  const keys = new Set(resources.filter(({ kind }) => kind === 'volume').map(({ keyId }) => keyId));
  return resources.filter(({ kind, id }) => kind !== 'secret' || !keys.has(id));
}

/** By its id: names are shared. */
export function keyOf({ kind, id }: Pick<Resource, 'kind' | 'id'>): string {
  return `${kind} ${id}`;
}
