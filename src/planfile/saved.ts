import type { Kind } from '../manifest/points.ts';
import type { PlanEntry } from './plan-file.ts';

/** A restore point as a plan sees it: by what it counts as another run's work. */
export interface SavedPoint {
  readonly kind: Kind;
  /** The resource's id. */
  readonly resource: string;
  /** When its data was taken. Milliseconds. */
  readonly time: number;
  /** Whether all is there that a restore needs, as far as anybody can tell. */
  readonly good: boolean;
  /** A volume or an image is one piece, a server's disks are several, and a secret none. */
  readonly pieces: readonly Piece[];
  /** Of what is encrypted: whether its key was saved with it. */
  readonly key?: 'saved' | 'unsaved';
}

export interface Piece {
  readonly of: 'volume' | 'image';
  readonly method: 'cinder-backup' | 'image';
  /** Whether the data left the cloud. */
  readonly left: boolean;
  /** Whether only a Cinder backup may be possible: Glance refuses some that are encrypted or large. */
  readonly mayStay: boolean;
}

/** From this size on Glance may refuse an image. GiB. */
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
 * Whether a point is what an entry asks for. A copy in the cloud is none outside, and a Cinder backup that another entry
 * made says nothing of images.
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
