import type { Environment } from '../../environment.ts';
import { OperationError } from '../../errors.ts';
import {
  replaceVolumeMetadata,
  setBootable,
  setImageMetadata,
  unsetImageMetadata,
  updateVolume,
  type Volume,
} from '../../openstack/blockstorage/v3/volumes.ts';
import { readTemporary } from '../../temporaries/tags.ts';
import { quoted } from '../../text/escape.ts';
import { lateStep } from '../late.ts';
import type { RestoreSource } from './source.ts';

/** What a restored volume should be. */
export type VolumeTraits = Pick<
  RestoreSource,
  'encrypted' | 'bootable' | 'description' | 'metadata' | 'imageMetadata'
>;

/** A volume that has its data and is the user's. */
export interface FinishedVolume {
  readonly volume: Volume;
  /** What could not be done to it, in words. */
  readonly undone: readonly string[];
}

/**
 * Makes a volume that has its data what the saved one was, and goes on after a step that fails; its name and
 * description last, since until then one that was made for the restore says that it is not done.
 *
 * A restore replaces the metadata by the source's at the time of the backup, adds `src_backup_id`, and loses a bootable
 * flag that was set by hand. A volume made of an image is bootable whatever it holds, and has the image's properties.
 *
 * @param name the name to give the volume
 */
export async function finishVolume(
  environment: Environment,
  restored: Volume,
  source: VolumeTraits,
  name: string,
): Promise<FinishedVolume> {
  const { session, ledger } = environment;
  const client = await session.service('block-storage');
  const { id } = restored;
  const undone = [...(await giveTraits(environment, restored, source))];
  const description =
    readTemporary(restored) === undefined ? restored.description : (source.description ?? '');
  if (restored.name === name && restored.description === description) return { volume: restored, undone };
  const named = await lateStep(session, undone, `its name ${quoted(name)} and its description`, async () => {
    await ledger.release(id);
    await updateVolume(client, id, { name, description });
  });
  return { volume: named ? { ...restored, name, description } : restored, undone };
}

/**
 * All of that but its name and its description, so that it still says that it is not done.
 *
 * @returns what could not be done to it, in words
 */
export async function giveTraits(
  { session }: Pick<Environment, 'session'>,
  restored: Volume,
  source: VolumeTraits,
): Promise<readonly string[]> {
  const client = await session.service('block-storage');
  const { id } = restored;
  const undone: string[] = [];
  const step = (what: string, act: () => Promise<unknown>) => lateStep(session, undone, what, act);
  const metadata = source.metadata ?? ownMetadata(restored.metadata);
  if (!same(restored.metadata, metadata))
    await step('its metadata', () => replaceVolumeMetadata(client, id, metadata));
  const missing = Object.entries(source.imageMetadata ?? {}).filter(
    ([key, value]) => restored.imageMetadata[key] !== value,
  );
  if (missing.length > 0)
    await step("its image's properties", () => setImageMetadata(client, id, Object.fromEntries(missing)));
  for (const key of Object.keys(restored.imageMetadata))
    if (source.imageMetadata !== undefined && !Object.hasOwn(source.imageMetadata, key))
      await step(`removing the image property ${quoted(key)}, which the original did not have`, () =>
        unsetImageMetadata(client, id, key),
      );
  const { bootable } = source;
  if (bootable !== undefined && restored.bootable !== bootable)
    await step(`its bootable flag (${bootable})`, () => setBootable(client, id, bootable));
  return undone;
}

/**
 * What a restored volume must be, whatever the cloud says of its status.
 *
 * @throws OperationError
 */
export function checkEncryption({ encrypted, id }: Volume, source: VolumeTraits): void {
  if (encrypted === source.encrypted) return;
  throw new OperationError(
    `the restored volume ${id} ${encrypted ? 'is encrypted, but the backup was not' : 'is not encrypted, but the backup was'}`,
    'Do not use it: restore again to a new volume, and tell the operator.',
  );
}

/** Without what Cinder adds. */
function ownMetadata(metadata: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(metadata).filter(
      ([key]) => !key.startsWith('openstack-backup:') && key !== 'src_backup_id',
    ),
  );
}

function same(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
}
