import { volumes } from '../backup/volume/kind.ts';
import type { Context } from './context.ts';
import { save } from './saving/saving.ts';
import { type VolumeGiven, volumeWishes } from './saving/volume-wishes.ts';

type Given = VolumeGiven & { readonly volumes: readonly string[] };

export async function backupVolumes(context: Context, given: Given) {
  return save(context, volumes, given, await volumeWishes(context, 'volume', given.volumes, given));
}
