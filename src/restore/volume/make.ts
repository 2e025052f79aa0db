import { messageOf } from '../../errors.ts';
import {
  type CreateVolume,
  createVolume,
  deleteVolume,
  type Volume,
} from '../../openstack/blockstorage/v3/volumes.ts';
import { createOnce } from '../../openstack/retry.ts';
import type { ServiceClient } from '../../openstack/service.ts';
import { volumeWithTag } from '../../temporaries/find.ts';
import type { RunIdentity } from '../../temporaries/owner.ts';
import { tellOfStaying } from '../../temporaries/remove.ts';
import { expiry, writeTemporary } from '../../temporaries/tags.ts';

/**
 * Makes a volume that carries the record of a temporary. Made is not done: see its status.
 *
 * @param tag unique to this request
 */
export function makeVolume(
  client: ServiceClient,
  wanted: Omit<CreateVolume, 'description'>,
  tag: string,
  run: RunIdentity,
): Promise<Volume> {
  const { clock, log, signal } = client.session;
  const description = writeTemporary({ tag, owner: run.owner, expires: expiry(clock.now(), wanted.size) });
  return createOnce(
    () => createVolume(client, { ...wanted, description }),
    () => volumeWithTag(client, tag),
    { clock, log, signal },
  );
}

/** Deletes a volume that was made for a restore; also when the run is told to stop, or never learnt of its id. */
export async function removeMade(client: ServiceClient, tag: string): Promise<void> {
  const { session } = client;
  session.windUp();
  let made: Volume | undefined;
  try {
    made = await volumeWithTag(client, tag);
    if (made === undefined) return;
    await deleteVolume(client, made.id);
    session.log.info(`volume ${made.id}, which was made for the restore, is removed again`);
  } catch (error) {
    const what =
      made === undefined ? 'a volume that may have been made' : `volume ${made.id}, which was made`;
    tellOfStaying(session.log, `${what} for the restore`, messageOf(error));
  }
}
