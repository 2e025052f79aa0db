import type { Doubt } from '../errors.ts';
import type { Manifest } from '../manifest/schema.ts';

/** A manifest, and all places where it was found. */
export interface Found {
  readonly manifest: Manifest;
  /** As the input `manifest` of a restore names them. */
  readonly references: readonly string[];
  /** Why a restore would not trust it; undefined if one of the places is beyond doubt. */
  readonly doubt: Doubt | undefined;
}
