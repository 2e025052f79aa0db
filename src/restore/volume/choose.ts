import { choosePoint } from '../../catalog/choose.ts';
import { isUuid } from '../../decode.ts';
import { InputError } from '../../errors.ts';
import type { Manifest, VolumePoint } from '../../manifest/schema.ts';

export interface VolumeRestoreWishes {
  /** A volume of the manifest, by name or id. */
  readonly volume: string | undefined;
  /** Id of a bare Cinder backup, if there is no manifest. */
  readonly backup: string | undefined;
  /** Id or name of a volume to write over. */
  readonly to: string | undefined;
  readonly overwrite: boolean;
  readonly name: string | undefined;
  /** Id or name of a volume type. */
  readonly type: string | undefined;
  readonly availabilityZone: string | undefined;
}

/** What to restore a volume from. */
export type VolumeChoice =
  | { readonly kind: 'point'; readonly manifest: Manifest; readonly point: VolumePoint }
  | { readonly kind: 'backup'; readonly id: string };

/**
 * @param manifest, or the time as of which one is looked for
 * @throws InputError for wishes that contradict each other
 */
export function checkWishes(
  manifest: string | undefined,
  { backup, volume }: Pick<VolumeRestoreWishes, 'backup' | 'volume'>,
): void {
  if ((manifest === undefined) === (backup === undefined))
    throw new InputError(
      'give either `manifest` or `backup`',
      'The manifest knows more: type, metadata, which cloud. Use a bare backup id only if the manifest is lost.',
    );
  if (backup !== undefined && !isUuid(backup))
    throw new InputError(
      '`backup` is not the id of a Cinder backup',
      'List them with: openstack volume backup list',
    );
  if (backup !== undefined && volume !== undefined)
    throw new InputError(
      '`volume` chooses from a manifest, but `backup` has none',
      'Leave one of the two out.',
    );
}

/** @throws InputError that lists what the manifest has */
export function chooseVolume(
  manifest: Manifest,
  { volume }: Pick<VolumeRestoreWishes, 'volume'>,
): VolumeChoice {
  return { kind: 'point', manifest, point: choosePoint(manifest, 'volume', volume) };
}

/** A Cinder backup whose manifest is lost. */
export function chooseBackup({ backup }: Pick<VolumeRestoreWishes, 'backup'>): VolumeChoice {
  return { kind: 'backup', id: backup ?? '' };
}
