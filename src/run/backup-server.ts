import { servers } from '../backup/server/kind.ts';
import { InputError } from '../errors.ts';
import type { rawInputs } from '../inputs/store.ts';
import type { Values } from '../inputs/table.ts';
import type { Context } from './context.ts';
import { save } from './saving/saving.ts';
import { type VolumeGiven, volumeWishes } from './saving/volume-wishes.ts';

type Given = VolumeGiven & Values<typeof rawInputs> & { readonly servers: readonly string[] };

export async function backupServers(context: Context, given: Given) {
  const { raw } = given;
  if (raw && given.store === undefined)
    throw new InputError(
      '`raw: true` is for disks that leave the cloud, and no `store` is given',
      'Give a store, or leave `raw` out.',
    );
  const wishes = await volumeWishes(context, 'server', given.servers, given);
  return save(context, servers, given, { ...wishes, raw });
}
