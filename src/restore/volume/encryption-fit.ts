import { randomUUID } from 'node:crypto';
import { InputError, OperationError } from '../../errors.ts';
import { allowance } from '../../openstack/blockstorage/v3/allowance.ts';
import type { VolumeType } from '../../openstack/blockstorage/v3/types.ts';
import {
  createVolume,
  getVolumeEncryption,
  listVolumes,
  type Volume,
  watchVolumes,
} from '../../openstack/blockstorage/v3/volumes.ts';
import { createOnce } from '../../openstack/retry.ts';
import type { ServiceClient } from '../../openstack/service.ts';
import { firstIn } from '../../pool.ts';
import { volumeWithTag } from '../../temporaries/find.ts';
import type { RunIdentity } from '../../temporaries/owner.ts';
import { removeTagged } from '../../temporaries/tagged.ts';
import { expiry, writeTemporary } from '../../temporaries/tags.ts';

/** How the volumes of a type are encrypted; undefined: not at all. */
export interface TypeEncryption {
  /** `luks`, `luks2` or `plain`. */
  readonly provider: string | undefined;
}

/** What an image's bytes need: undefined for plain ones, else the version of their LUKS header. */
export type Needed = 1 | 2 | undefined;

/**
 * Why an image must not go to a volume of a type; undefined where it may. Cinder checks none of it: a LUKS image on a
 * volume without encryption opens to nobody, and one of another version never attaches, or is formatted anew by Nova.
 * https://github.com/openstack/nova/blob/master/nova/virt/libvirt/driver.py `_attach_encryptor`
 *
 * @param type its name, for messages
 */
export function imageMismatch(
  needed: Needed,
  encryption: TypeEncryption | undefined,
  type: string,
): InputError | undefined {
  if (needed === undefined)
    return encryption === undefined
      ? undefined
      : new InputError(
          `volume type ${type} is encrypted, and the data is not`,
          'Give a type without encryption with `type`; `openstack volume set --retype-policy` can encrypt the volume later.',
        );
  if (encryption === undefined)
    return new InputError(
      `volume type ${type} is not encrypted, and the data is: on such a volume it would open to nobody`,
      'Give a type that encrypts with LUKS with `type`.',
    );
  const provider = needed === 1 ? 'luks' : 'luks2';
  // Before Cinder named providers, theirs was a class of Nova's or os-brick's.
  if (
    encryption.provider === undefined ||
    encryption.provider.toLowerCase().replace(/.*luksencryptor$/, 'luks') === provider
  )
    return undefined;
  return new InputError(
    `volume type ${type} encrypts with ${encryption.provider}, and the data is LUKS version ${needed}`,
    `Give a type whose provider is ${provider} with \`type\`.`,
  );
}

/**
 * How a type encrypts. It is shown to administrators only, but any volume of it tells: one that is there, else one of
 * 1 GiB that is made for it and removed again.
 */
export async function encryptionOfType(
  client: ServiceClient,
  type: VolumeType,
  run: RunIdentity,
): Promise<TypeEncryption | undefined> {
  const sample = await firstIn(listVolumes(client), ({ volumeType, volumeTypeId }) =>
    volumeTypeId === undefined ? volumeType === type.name : volumeTypeId === type.id,
  );
  if (sample !== undefined) return encryptionOf(client, sample);
  return probed(client, type, run);
}

async function encryptionOf(client: ServiceClient, volume: Volume): Promise<TypeEncryption | undefined> {
  if (!volume.encrypted) return undefined;
  return { provider: (await getVolumeEncryption(client, volume.id)).provider };
}

async function probed(
  client: ServiceClient,
  type: VolumeType,
  run: RunIdentity,
): Promise<TypeEncryption | undefined> {
  const { session } = client;
  const { clock, log, signal } = session;
  const tag = randomUUID();
  const wanted = {
    size: 1,
    name: 'openstack-backup probe',
    volumeType: type.id,
    description: writeTemporary({ tag, owner: run.owner, expires: expiry(clock.now(), 1) }),
  };
  try {
    const { id } = await createOnce(
      () => createVolume(client, wanted),
      () => volumeWithTag(client, tag),
      { clock, log, signal },
    );
    const volume = await watchVolumes(client).until(
      id,
      (now) => (now.status === 'creating' ? undefined : { done: now }),
      { deadline: clock.now() + allowance(1), signal },
    );
    if (volume.status !== 'available')
      throw new OperationError(
        `a volume of type ${type.name} cannot be made: one of 1 GiB is ${volume.status}`,
        'Ask the operator, or give another type with `type`.',
      );
    return await encryptionOf(client, volume);
  } finally {
    await removeTagged(session, [tag], `the look at volume type ${type.name}`, log);
  }
}
