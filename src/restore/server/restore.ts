import type { Environment } from '../../environment.ts';
import { OperationError } from '../../errors.ts';
import type { Server } from '../../openstack/compute/v2/servers.ts';
import { WIND_UP_MS } from '../../openstack/session.ts';
import type { PayloadStore } from '../../payload/store.ts';
import type { Draft } from '../../temporaries/ledger.ts';
import { laterOfUnseen } from '../../temporaries/staying.ts';
import { TEMPORARY_PROPERTY } from '../../temporaries/tags.ts';
import { undoAsked } from '../../temporaries/undo.ts';
import { unreserve } from '../../temporaries/unreserved.ts';
import type { Reporter } from '../kind.ts';
import { lateStep } from '../late.ts';
import { bootServer, serverWithTag } from './boot.ts';
import { finishServer } from './finish.ts';
import { type Imported, makeKeyPair, removeKeyPair } from './key-pair.ts';
import { gigabytesOfDisks, type ServerRestorePlan } from './plan.ts';
import { serverRequest } from './request.ts';
import { type RestoredDisk, restoreDisks } from './restore-disks.ts';

export interface RestoredServer {
  /** Undefined if it could not be made. */
  readonly server: Server | undefined;
  /** Those that have all their data, in the order of the record. */
  readonly disks: readonly RestoredDisk[];
  /** What differs from the request, in words. */
  readonly differences: readonly string[];
  /** What failed after the data was complete, in words. */
  readonly undone: readonly string[];
  /** Why there is no server. */
  readonly failure: unknown;
}

/**
 * Restores the disks, then the server. A disk belongs to the user as soon as it has its data, and stays even if
 * the others or the server fail.
 *
 * @throws what the first disk failed with, if none was made
 */
export async function restoreServer(
  environment: Environment,
  plan: ServerRestorePlan,
  store: PayloadStore | undefined,
  to: Pick<Reporter, 'advance' | 'fail'>,
): Promise<RestoredServer> {
  const { disks, failures } = await restoreDisks(environment, plan.disks, store, to);
  const differences = disks.flatMap(({ missing }) => missing);
  const undone = disks.flatMap(({ id, undone }) => undone.map((what) => `${id}: ${what}`));
  const without = (failure: unknown) => {
    if (disks.some(({ isNew }) => isNew)) return { server: undefined, disks, differences, undone, failure };
    throw failure;
  };
  if (failures.length > 0) return without(failures[0]);
  const unseen = disks.flatMap(({ id, unseen }) => unseen.map((what) => `${id}: cannot see ${what}`));
  if (unseen.length > 0) return without(new OperationError(unseen.join('; '), UNSEEN));
  const { toImport } = plan.keyPair;
  let imported: Imported | undefined;
  try {
    if (toImport !== undefined) imported = await makeKeyPair(environment, toImport);
    const server = await madeServer(environment, plan, disks, undone);
    const finished = await finishServer(environment, plan, disks, server);
    return {
      server,
      disks,
      differences: [...differences, ...finished.differences],
      undone: [...undone, ...finished.undone],
      failure: undefined,
    };
  } catch (error) {
    if (toImport !== undefined && imported !== undefined)
      await removeKeyPair(environment, toImport.name, imported);
    return without(error);
  }
}

const UNSEEN =
  'Nova may format a disk whose encryption differs from that of its volume: restore it again when the cloud answers.';

/** Removes a server that never runs. */
async function madeServer(
  environment: Environment,
  plan: ServerRestorePlan,
  disks: readonly RestoredDisk[],
  undone: string[],
): Promise<Server> {
  const { ledger } = environment;
  const record = ledger.draft('result', gigabytesOfDisks(plan.disks));
  const request = serverRequest({
    saved: plan.saved,
    name: plan.name,
    flavorId: plan.flavor.id,
    disks,
    network: plan.network,
    keyName: plan.keyPair.name,
    availabilityZone: plan.availabilityZone,
    group: plan.group,
    metadata: { [TEMPORARY_PROPERTY]: ledger.unbound(record) },
  });
  try {
    return await bootServer(environment, request, record);
  } catch (error) {
    const running = await undoServer(environment, record, disks, undone);
    if (running === undefined) throw error;
    return running;
  }
}

/**
 * Removes a server that could not be made, and frees the volumes that it held. What the cloud refuses to remove now,
 * the next run finds by its record.
 *
 * @returns the server if it runs after all: a wait may end because a service does not answer, while Nova goes on
 */
async function undoServer(
  { session, log, signal }: Environment,
  { tag }: Draft,
  disks: readonly RestoredDisk[],
  undone: string[],
): Promise<Server | undefined> {
  const later = laterOfUnseen('result');
  const { whole, gone } = await undoAsked(
    session,
    {
      find: async () => serverWithTag(await session.service('compute'), tag),
      isWhole: ({ status }) => status === 'ACTIVE',
      as: ({ id }) => ({ kind: 'server', id, what: `server ${id}, made for the restore`, later }),
      unseen: { what: 'the server, made for the restore', later },
    },
    {
      removed: ({ what }) => log.info(`${what}, was removed`),
      withinMs: signal.aborted ? WIND_UP_MS : undefined,
    },
  );
  if (!gone) return whole;
  for (const { id, saved } of disks) {
    if (saved.volume === null) continue;
    const free = async () => unreserve(await session.service('block-storage'), id);
    await lateStep(session, undone, `freeing volume ${id}`, free);
  }
  return undefined;
}
