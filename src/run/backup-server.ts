import { servers } from '../backup/server/kind.ts';
import type { Context } from './context.ts';
import { save } from './saving.ts';
import { type VolumeGiven, volumeWishes } from './volume-wishes.ts';

type Given = VolumeGiven & { readonly servers: readonly string[] };

export async function backupServers(context: Context, given: Given) {
  return save(context, servers, given, await volumeWishes(context, 'server', given.servers, given));
}
