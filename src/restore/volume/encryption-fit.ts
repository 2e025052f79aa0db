import type { Environment } from '../../environment.ts';
import { InputError, OperationError } from '../../errors.ts';
import { allowance } from '../../openstack/blockstorage/v3/allowance.ts';
import type { VolumeType } from '../../openstack/blockstorage/v3/types.ts';
import { getVolumeEncryption, listVolumes, type Volume } from '../../openstack/blockstorage/v3/volumes.ts';
import type { ServiceClient } from '../../openstack/connection.ts';
import type { Watcher } from '../../openstack/watcher.ts';
import { firstIn } from '../../pool.ts';
import { makeVolume, undoVolume } from './create.ts';

/** How a volume is encrypted. */
export type Encryption =
  | { readonly encrypted: false }
  /** `luks`, `luks2` or `plain`; undefined if the cloud does not say. */
  | { readonly encrypted: true; readonly provider: string | undefined };

/** Of the header of encrypted data. */
export type LuksVersion = 1 | 2;

/**
 * Why an image must not go to a volume of a type; undefined if it may. Cinder checks none of it: a LUKS image on a
 * volume without encryption opens to nobody, and one of another version never attaches, or is formatted anew by Nova.
 * https://github.com/openstack/nova/blob/master/nova/virt/libvirt/driver.py `_attach_encryptor`
 *
 * @param luks of the image; undefined for plain data
 * @param type its name, for messages
 */
export function imageMismatch(
  luks: LuksVersion | undefined,
  encryption: Encryption,
  type: string,
): InputError | undefined {
  if (luks === undefined)
    return encryption.encrypted
      ? new InputError(
          `volume type ${type} is encrypted, but the data is not`,
          'Use `type` to give a type without encryption; the volume can be copied to an encrypted one later.',
        )
      : undefined;
  if (!encryption.encrypted)
    return new InputError(
      `volume type ${type} is not encrypted, but the data is: on such a volume, nobody could open it`,
      'Use `type` to give a type that encrypts with LUKS.',
    );
  const provider = luks === 1 ? 'luks' : 'luks2';
  if (encryption.provider === undefined || shortName(encryption.provider) === provider) return undefined;
  return new InputError(
    `volume type ${type} encrypts with ${encryption.provider}, but the data is LUKS version ${luks}`,
    `Use \`type\` to give a type whose provider is ${provider}.`,
  );
}

/** The same for a Cinder backup; Cinder notices only when the target's data is gone. */
export function encryptionMismatch(
  backup: boolean,
  volume: boolean,
  type: string,
): { readonly what: string; readonly hint: string } | undefined {
  if (backup === volume) return undefined;
  return backup
    ? {
        what: `volume type ${type} is not encrypted, but the backup is`,
        hint: 'Use `type` to give the exact type that the volume had.',
      }
    : {
        what: `volume type ${type} is encrypted, but the backup is not`,
        hint: 'Use `type` to choose a type without encryption: Cinder would write the data in clear and discard the key.',
      };
}

/** Before Cinder named providers, theirs was a class of Nova's or os-brick's; os-brick takes its own to this day. */
function shortName(provider: string): string {
  const name = provider.toLowerCase();
  return /(luks2?)encryptor$/.exec(name)?.[1] ?? name;
}

/**
 * How a type encrypts. Cinder shows it to administrators only, but any volume of the type reveals it.
 *
 * @returns undefined if the project has no volume of the type
 */
export async function knownEncryption(
  client: ServiceClient,
  type: VolumeType,
): Promise<Encryption | undefined> {
  const isSample = ({ status, volumeType, volumeTypeId }: Volume) =>
    // A volume that Cinder makes for itself, to back up another, is never shown as encrypted.
    ['available', 'in-use'].includes(status) &&
    (volumeTypeId === undefined ? volumeType === type.name : volumeTypeId === type.id);
  const sample = await firstIn(listVolumes(client), isSample);
  return sample && encryptionOfVolume(client, sample);
}

export async function encryptionOfVolume(client: ServiceClient, volume: Volume): Promise<Encryption> {
  if (!volume.encrypted) return { encrypted: false };
  return { encrypted: true, provider: (await getVolumeEncryption(client, volume.id)).provider };
}

/** The same for a type without volumes: makes one of 1 GiB, looks at it, and removes it. */
export async function probedEncryption(
  environment: Environment,
  type: VolumeType,
  availabilityZone: string | undefined,
  volumes: Watcher<Volume>,
): Promise<Encryption> {
  const { session, clock, ledger, signal } = environment;
  const record = ledger.draft('scratch', 1);
  const wanted = { size: 1, name: 'openstack-backup probe', volumeType: type.id, availabilityZone };
  let made: string | undefined;
  try {
    const { id } = await makeVolume(environment, wanted, record);
    made = id;
    const volume = await volumes.until(id, (now) => (now.status === 'creating' ? undefined : { done: now }), {
      deadline: clock.now() + allowance(1),
      signal,
    });
    if (volume.status !== 'available')
      throw new OperationError(
        `a volume of type ${type.name} cannot be made: one of 1 GiB is ${volume.status}`,
        'Ask the operator, or use `type` to give another type.',
      );
    return await encryptionOfVolume(await session.service('block-storage'), volume);
  } finally {
    await undoVolume(environment, { tag: record.tag, id: made });
  }
}
