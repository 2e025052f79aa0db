import type { Environment } from '../../environment.ts';
import {
  type CreateVolume,
  createVolume,
  getVolume,
  type Volume,
} from '../../openstack/blockstorage/v3/volumes.ts';
import type { ServiceClient } from '../../openstack/connection.ts';
import { hasStatus } from '../../openstack/errors.ts';
import { createOnce } from '../../openstack/retry.ts';
import { volumeWithTag } from '../../temporaries/find.ts';
import type { Draft } from '../../temporaries/ledger.ts';
import { laterOfUnseen, laterOfVolume } from '../../temporaries/staying.ts';
import { undoAsked } from '../../temporaries/undo.ts';

/** Makes a volume that carries the record of a temporary. It is not ready yet: see its status. */
export async function makeVolume(
  { session, clock, log, signal, ledger }: Environment,
  wanted: Omit<CreateVolume, 'description'>,
  record: Draft,
): Promise<Volume> {
  const client = await session.service('block-storage');
  const description = ledger.unbound(record);
  const volume = await createOnce(
    () => createVolume(client, { ...wanted, description }),
    () => volumeWithTag(client, record.tag),
    { clock, log, signal },
  );
  await ledger.bind(record, 'volume', volume.id);
  return volume;
}

/**
 * Deletes a volume that was made for a restore; even if the run must stop, or never learnt its id. Keeps one that has
 * its data by now: a wait may end because a service does not answer, while Cinder goes on.
 *
 * @param hasData tells whether a volume has its data
 * @returns the volume that has
 */
export async function undoVolume(
  { session, log }: Environment,
  { tag, id }: { readonly tag: string; readonly id?: string | undefined },
  hasData: (volume: Volume) => boolean = () => false,
): Promise<Volume | undefined> {
  const client = await session.service('block-storage');
  const { whole } = await undoAsked(
    session,
    {
      find: () => madeWith(client, tag, id),
      isWhole: hasData,
      as: (made) => ({
        kind: 'volume',
        id: made.id,
        what: `volume ${made.id}, which was made for the restore`,
        later: laterOfVolume(made),
      }),
      unseen: { what: 'a volume that may have been made for the restore', later: laterOfUnseen('result') },
    },
    { removed: ({ what }) => log.info(`${what}, is being removed`) },
  );
  return whole;
}

/** Either request will do: if one fails, the other may not. */
async function madeWith(
  client: ServiceClient,
  tag: string,
  id: string | undefined,
): Promise<Volume | undefined> {
  if (id === undefined) return volumeWithTag(client, tag);
  try {
    return await getVolume(client, id);
  } catch (error) {
    if (hasStatus(error, 404)) return undefined;
    return volumeWithTag(client, tag);
  }
}
