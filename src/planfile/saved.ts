import type { Kind } from '../manifest/points.ts';
import type { PlanEntry } from './plan-file.ts';

/** A restore point as a plan sees it: what decides whether it counts for an entry. */
export interface SavedPoint {
  readonly kind: Kind;
  /** The resource's id. */
  readonly resource: string;
  /** When its data was taken. Milliseconds. */
  readonly time: number;
  /** Whether everything that a restore needs is there, as far as known. */
  readonly good: boolean;
  /** What of that is gone or damaged. */
  readonly broken?: string;
  /** One for a volume or an image, one per disk for a server, none for a secret. */
  readonly pieces: readonly Piece[];
  /** Whether the key was saved too; undefined if it is not encrypted. */
  readonly key?: 'saved' | 'unsaved';
  /** How deep all of it was verified. */
  readonly verified?: string;
}

export interface Piece {
  readonly of: 'volume' | 'image';
  readonly method: 'cinder-backup' | 'image';
  /** Whether the data left the cloud. */
  readonly left: boolean;
  /** Whether a Cinder backup may be the only way: Glance refuses some encrypted or large volumes. */
  readonly mayStay: boolean;
}

/** Glance may refuse an image of this size or more. GiB. */
const LARGE = 1024;

/** Of a volume: its size in GiB. */
export function mayStay({
  encrypted,
  size,
}: {
  readonly encrypted: boolean;
  readonly size: number;
}): boolean {
  return encrypted || size >= LARGE;
}

/** What a Cinder backup is, or will be. */
export function backupPiece(of: { readonly encrypted: boolean; readonly size: number }): Piece {
  return { of: 'volume', method: 'cinder-backup', left: false, mayStay: mayStay(of) };
}

/**
 * Whether a point is what an entry asks for. Data in the cloud does not count as data outside, and a Cinder backup of
 * another entry does not count as an image.
 *
 * @param hasStore whether the plan names where data goes
 */
export function isOf(
  { method }: Pick<PlanEntry, 'method'>,
  { pieces }: Pick<SavedPoint, 'pieces'>,
  hasStore: boolean,
): boolean {
  return pieces.every((piece) => fits(piece, method, hasStore));
}

function fits(piece: Piece, method: PlanEntry['method'], hasStore: boolean): boolean {
  const away = piece.left || !hasStore;
  if (piece.of === 'image') return away || method === 'cinder-backup';
  const isBackup = piece.method === 'cinder-backup';
  if (method === 'auto') return away || (isBackup && piece.mayStay);
  return method === 'cinder-backup' ? isBackup : !isBackup && away;
}
