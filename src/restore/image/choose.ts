import { choosePoint } from '../../catalog/choose.ts';
import type { ImagePoint, KeptImagePoint, Manifest } from '../../manifest/schema.ts';

export interface ImageRestoreWishes {
  /** An image of the manifest, by name or id. */
  readonly image: string | undefined;
  /** If not the recorded one. */
  readonly name: string | undefined;
  /** `never`: data that Glance refuses as it is cannot be restored; `auto`: inside a qcow2. */
  readonly wrap: 'auto' | 'never';
}

export interface ImageChoice {
  readonly manifest: Manifest;
  readonly point: ImagePoint | KeptImagePoint;
}

/** @throws InputError that lists what the manifest has */
export function chooseImage(manifest: Manifest, { image }: Pick<ImageRestoreWishes, 'image'>): ImageChoice {
  return { manifest, point: choosePoint(manifest, 'image', image) };
}
