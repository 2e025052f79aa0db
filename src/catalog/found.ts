import type { Doubt } from '../errors.ts';
import type { Manifest } from '../manifest/schema.ts';

/** A manifest, and all the places where it was found. */
export interface Found {
  readonly manifest: Manifest;
  /** As the input `manifest` of a restore names them. */
  readonly references: readonly string[];
  /** Why a restore would not trust it; undefined if it would trust one of the places. */
  readonly doubt: Doubt | undefined;
}
