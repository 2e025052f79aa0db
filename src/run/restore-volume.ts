import { checkWishes, type VolumeRestoreWishes } from '../restore/volume/choose.ts';
import { volumeRestoring } from '../restore/volume/kind.ts';
import type { Context } from './context.ts';
import { namedStore } from './places/storing.ts';
import { type RestoringGiven, restore } from './restoring.ts';

type Given = RestoringGiven &
  Omit<VolumeRestoreWishes, 'availabilityZone'> & { readonly 'availability-zone': string | undefined };

export async function restoreGivenVolume(context: Context, given: Given) {
  checkWishes(given.manifest ?? given.at, given);
  const wishes = { ...given, availabilityZone: given['availability-zone'] };
  return restore(context, volumeRestoring, given, wishes, await namedStore(context, given));
}
