import type { Change } from '../catalog/changes.ts';
import type { Drilled } from '../catalog/drilled.ts';
import type { Verified } from '../catalog/verified.ts';
import type { Kind } from '../manifest/points.ts';

/** What holds the bytes of a restore point, and is deleted with it. */
export type Data =
  | {
      readonly kind: 'backup';
      readonly id: string;
      readonly volume: string;
      readonly chain: string;
      readonly position: number;
      /** The backup that an increment needs. */
      readonly parent: string | undefined;
    }
  /** An image that our backup left in the cloud. */
  | { readonly kind: 'image'; readonly id: string }
  | { readonly kind: 'payload'; readonly name: string; readonly size: number };

/** A restore point as pruning sees it, merged from all manifests that list it. */
export interface Saved {
  readonly id: string;
  readonly kind: Kind;
  /** The resource's id, which groups the points; names may be shared. */
  readonly resource: string;
  readonly name: string;
  /** The properties, for an image. */
  readonly metadata: Readonly<Record<string, string>>;
  /** When its data was taken. Milliseconds. */
  readonly time: number;
  readonly tags: readonly string[];
  /** Undefined if the point has no data of its own: a server, or the user's own image. */
  readonly data: Data | undefined;
  /** The id of the user's own image, which the point only describes. */
  readonly image: string | undefined;
  /** The restore points that its restore needs: disks, keys. */
  readonly needs: readonly string[];
  /**
   * Set for a key or root disk saved for another point: it stays as long as that point, and has no history of its own.
   */
  readonly isPart: boolean;
  /** The point that a key was saved for, if a later run records that. */
  readonly neededBy?: string | undefined;
  /** No manifest lists it: its backup's tags alone say that it is ours. */
  readonly isUnrecorded?: true;
  /** The manifests that list it, as a restore names them. */
  readonly manifests: readonly string[];
  /** How its disk changed; undefined where no backup compared it. */
  readonly change?: Change | undefined;
  /** What `verify` found last. */
  readonly verified?: Verified | undefined;
  readonly drilled?: Drilled | undefined;
  /** When a run recorded its pruning; undefined if none did. ISO 8601. */
  readonly pruned: string | undefined;
}

/** Identifies data: points that share it get the same key. */
export function keyOf(data: Data): string {
  return data.kind === 'payload' ? `payload ${data.name}` : `${data.kind} ${data.id}`;
}

export function resourceOf({ kind, resource }: Pick<Saved, 'kind' | 'resource'>): string {
  return `${kind} ${resource}`;
}
