import type { Kind } from '../manifest/points.ts';

/** What holds the bytes of a restore point, and goes with it. */
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
  /** An image that a backup of ours left in the cloud. */
  | { readonly kind: 'image'; readonly id: string }
  | { readonly kind: 'payload'; readonly name: string; readonly size: number };

/** A restore point as pruning sees it, from all manifests that have it. */
export interface Saved {
  readonly id: string;
  readonly kind: Kind;
  /** The resource's id: points are grouped by it, never by name. */
  readonly resource: string;
  readonly name: string;
  /** Of an image its properties. */
  readonly metadata: Readonly<Record<string, string>>;
  /** When its data was taken. Milliseconds. */
  readonly time: number;
  readonly tags: readonly string[];
  /** Undefined if the point holds none of its own: a server, an image that is the user's. */
  readonly data: Data | undefined;
  /** The user's own image, which the point only describes. */
  readonly image: string | undefined;
  /** The restore points that a restore of it needs: its disks, its key. */
  readonly needs: readonly string[];
  /** A key or a root disk that was saved for another point: it stays as long as that one, and has no history of its own. */
  readonly isPart: boolean;
  /** The manifests that have it, as a restore names them. */
  readonly manifests: readonly string[];
  /** When a run recorded that it goes; undefined if none did. ISO 8601. */
  readonly pruned: string | undefined;
}

/** Names the data of a point, whichever point asks. */
export function keyOf(data: Data): string {
  return data.kind === 'payload' ? `payload ${data.name}` : `${data.kind} ${data.id}`;
}

/** "server "shop"": names of people stand in quotes. */
export function resourceOf({ kind, resource }: Pick<Saved, 'kind' | 'resource'>): string {
  return `${kind} ${resource}`;
}
