import { InputError, OperationError } from '../../errors.ts';
import type { VolumeImagePoint } from '../../manifest/schema.ts';
import type { VolumeType } from '../../openstack/blockstorage/v3/types.ts';
import { quoted } from '../../text/escape.ts';
import type { RestoreSource } from './source.ts';

/**
 * The type of a volume made from a backup. Cinder restores encrypted data only to the type that it came from, by id,
 * and checks that only after the target's data is gone: `_restore_vol_encryption_meta` in
 * https://github.com/openstack/cinder/blob/master/cinder/backup/driver.py
 */
export function typeForBackup(
  source: RestoreSource,
  wish: string | undefined,
  types: readonly VolumeType[],
): VolumeType | undefined {
  const recorded = types.find(({ id }) => id === source.typeId);
  const wished = wish === undefined ? undefined : typeNamed(wish, types);
  if (source.encrypted) {
    if (source.typeId === undefined) {
      if (wished !== undefined) return wished;
      throw new InputError(
        `backup ${source.backupId} is encrypted, but the type of its volume is unknown: no manifest, no tags, and the volume is gone`,
        `Use \`type\` to give the volume type that volume ${source.volumeId} had: any other ends in error_restoring.`,
      );
    }
    if (recorded === undefined)
      throw new OperationError(
        `volume type ${source.typeName ?? ''} (${source.typeId}) is gone, and Cinder restores an encrypted backup only to exactly that type`,
        'Ask the operator; a new type with the same settings does not help, since it has another id.',
      );
    if (wished !== undefined && wished.id !== recorded.id)
      throw new InputError(
        `the backup is of an encrypted volume of type ${recorded.name} (${recorded.id}), and cannot be restored to type ${wished.name} (${wished.id})`,
        'Leave `type` out. Cinder would notice only after the data is written, and leave the volume in error_restoring.',
      );
    return recorded;
  }
  if (wished !== undefined) return wished;
  if (recorded === undefined && source.typeId !== undefined)
    throw new InputError(
      `volume type ${source.typeName ?? ''} (${source.typeId}) no longer exists`,
      `Choose another with \`type\`: ${types.map(({ name }) => name).join(', ')}.`,
    );
  return recorded;
}

/**
 * The type of a volume made from an image: the requested one, else the recorded one by id, else by name, as in another
 * cloud.
 */
export function typeForImage(
  { resource }: Pick<VolumeImagePoint, 'resource'>,
  wish: string | undefined,
  types: readonly VolumeType[],
): VolumeType | undefined {
  if (wish !== undefined) return typeNamed(wish, types);
  const { encryption } = resource;
  const { id, name } = resource.type;
  if (id === null && name === null && encryption === null) return undefined;
  const found = types.find((type) => type.id === id) ?? types.find((type) => type.name === name);
  if (found !== undefined) return found;
  throw new InputError(
    `volume type ${quoted(name ?? '')} (${id ?? 'unknown'}) does not exist`,
    `Choose one ${encryption === null ? 'without encryption' : `that encrypts with ${encryption.provider ?? 'LUKS'}`} with \`type\`: ${types.map((type) => type.name).join(', ')}.`,
  );
}

/** @throws InputError that lists what there is */
export function typeNamed(wish: string, types: readonly VolumeType[]): VolumeType {
  const found = types.find(({ id }) => id === wish) ?? types.find(({ name }) => name === wish);
  if (found === undefined)
    throw new InputError(
      `there is no volume type ${quoted(wish)}`,
      `There are: ${types.map(({ name }) => name).join(', ')}.`,
    );
  return found;
}
