import { OperationError } from '../../errors.ts';
import type { SavedDisk } from '../../manifest/schema.ts';
import type { Server } from '../../openstack/compute/v2/servers.ts';
import type { Session } from '../../openstack/connection.ts';
import { WIND_UP_MS } from '../../openstack/session.ts';
import { pool } from '../../pool.ts';
import type { Log } from '../../ports/log.ts';
import type { Draft } from '../../temporaries/ledger.ts';
import { laterOfUnseen } from '../../temporaries/staying.ts';
import { TEMPORARY_PROPERTY } from '../../temporaries/tags.ts';
import { undoAsked } from '../../temporaries/undo.ts';
import { unreserve } from '../../temporaries/unreserved.ts';
import { GIB } from '../../text/bytes.ts';
import { quoted } from '../../text/escape.ts';
import { lateStep } from '../late.ts';
import { type BootTools, bootServer, serverWithTag } from './boot.ts';
import { finishServer } from './finish.ts';
import { type Imported, makeKeyPair, removeKeyPair } from './key-pair.ts';
import type { ServerPlan } from './plan.ts';
import { serverRequest } from './request.ts';

/** A disk that is to be brought back. */
export interface DiskJob {
  readonly saved: SavedDisk;
  /** The id of the volume or image that was saved. */
  readonly resource: string;
  /** Whether it is in the cloud already, and takes no more of a quota. */
  readonly isThere: boolean;
  /** GiB, for the time that it may take. */
  readonly gigabytes: number;
  /** @param onBytes told of bytes as they flow, where they come from a store */
  bring(onBytes: (count: number) => void): Promise<BroughtBack>;
}

/** A volume or an image that has all its data, and is the user's. */
export interface BroughtBack {
  readonly id: string;
  readonly name: string;
  /** Whether it was made by this restore. */
  readonly isNew: boolean;
  /** What is otherwise than it was, in words. */
  readonly missing: readonly string[];
  /** What failed when its data was there, in words. */
  readonly undone: readonly string[];
  /** What could not be seen of it: no server is booted from it then. */
  readonly unseen: readonly string[];
}

export interface BackDisk extends BroughtBack {
  readonly saved: SavedDisk;
  readonly resource: string;
}

export interface RestoredServer {
  /** Undefined where it could not be made. */
  readonly server: Server | undefined;
  /** Those that have all their data, in the order of the record. */
  readonly disks: readonly BackDisk[];
  /** What the cloud made otherwise than it was asked to, in words. */
  readonly differences: readonly string[];
  /** What failed when the data was there, in words. */
  readonly undone: readonly string[];
  /** Why there is no server. */
  readonly failure: unknown;
}

/** Disks that are brought back at the same time. */
const AT_ONCE = 4;

/**
 * Brings back the disks, then the server. A disk is the user's as soon as it has its data, and stays whatever becomes
 * of the others and of the server.
 *
 * @param advance told of the GiB of disks that are done
 * @throws what the first disk failed with, where none was made
 */
export async function bringBackServer(
  plan: ServerPlan,
  jobs: readonly DiskJob[],
  tools: BootTools,
  advance: (disks: number, gigabytes: number) => void,
): Promise<RestoredServer> {
  const { disks, failures } = await bringDisks(jobs, tools.log, advance);
  const differences = disks.flatMap(({ missing }) => missing);
  const undone = disks.flatMap(({ id, undone }) => undone.map((what) => `${id}: ${what}`));
  const without = (failure: unknown) => {
    if (disks.some(({ isNew }) => isNew)) return { server: undefined, disks, differences, undone, failure };
    throw failure;
  };
  if (failures.length > 0) return without(failures[0]);
  const unseen = disks.flatMap(({ id, unseen }) =>
    unseen.map((what) => `of ${id} it cannot be seen ${what}`),
  );
  if (unseen.length > 0) return without(new OperationError(unseen.join('; '), UNSEEN));
  const { nova, run } = tools;
  const record = run.draft('result', sizeOf(jobs));
  const { toImport } = plan.keyPair;
  let imported: Imported | undefined;
  try {
    if (toImport !== undefined) imported = await makeKeyPair(toImport, tools);
    const server = await bootServer(requestOf(plan, disks, record, tools), record, tools).catch(
      async (error: unknown) =>
        (await removeServer(record.tag, disks, undone, tools)) ?? Promise.reject(error),
    );
    const finished = await finishServer(nova, plan, disks, server, run);
    return {
      server,
      disks,
      differences: [...differences, ...finished.differences],
      undone: [...undone, ...finished.undone],
      failure: undefined,
    };
  } catch (error) {
    if (toImport !== undefined && imported !== undefined) await removeKeyPair(toImport.name, imported, tools);
    return without(error);
  }
}

const UNSEEN =
  'Nova may format a disk that is not encrypted as its volume says: restore it once more when the cloud answers again.';

/** All that can be brought back, in their order. */
async function bringDisks(
  jobs: readonly DiskJob[],
  log: Log,
  advance: (disks: number, gigabytes: number) => void,
): Promise<{ readonly disks: BackDisk[]; readonly failures: unknown[] }> {
  const failures: unknown[] = [];
  const disks = await pool(jobs, AT_ONCE, async ({ saved, resource, gigabytes, bring }) => {
    let left = gigabytes;
    try {
      const brought = await bring((count) => {
        const more = Math.min(left, count / GIB);
        left -= more;
        advance(0, more);
      });
      advance(1, left);
      if (brought.isNew) tellBack(log, brought, saved, resource);
      return [{ ...brought, saved, resource }];
    } catch (error) {
      failures.push(error);
      return [];
    }
  });
  return { disks: disks.flat(), failures };
}

/** At once: a run that is killed says nothing later, and its next one does not know of what is the user's. */
function tellBack(log: Log, { id, name }: BroughtBack, saved: SavedDisk, resource: string): void {
  const kind = saved.volume === null ? 'image' : 'volume';
  log.info(
    `${kind} ${quoted(name)} (${id}) has all its data. Should no server come of it, take it with \`map\`: ${kind}: ${resource}=${id}`,
  );
}

function sizeOf(jobs: readonly DiskJob[]): number {
  return jobs.reduce((sum, { gigabytes }) => sum + gigabytes, 0);
}

function requestOf(plan: ServerPlan, disks: readonly BackDisk[], record: Draft, { run }: BootTools) {
  return serverRequest({
    saved: plan.saved,
    name: plan.name,
    flavorId: plan.flavor.id,
    disks,
    network: plan.network,
    keyName: plan.keyPair.name,
    availabilityZone: plan.availabilityZone,
    group: plan.group,
    metadata: { [TEMPORARY_PROPERTY]: run.unbound(record) },
  });
}

/**
 * Removes a server that could not be made, and frees the volumes that it held. What the cloud refuses to remove now, the
 * next run finds by its record.
 *
 * @returns the server where it runs after all: a wait may end for a service that does not answer, while Nova goes on
 */
async function removeServer(
  tag: string,
  disks: readonly BackDisk[],
  undone: string[],
  { nova, log, signal }: BootTools,
): Promise<Server | undefined> {
  const { session } = nova;
  const later = laterOfUnseen('result');
  const { whole, gone } = await undoAsked(
    session,
    {
      find: () => serverWithTag(nova, tag),
      isWhole: ({ status }) => status === 'ACTIVE',
      as: ({ id }) => ({ kind: 'server', id, what: `server ${id}, made for the restore`, later }),
      unseen: { what: 'the server, made for the restore', later },
    },
    {
      removed: ({ what }) => log.info(`${what}, is removed again`),
      withinMs: signal.aborted ? WIND_UP_MS : undefined,
    },
  );
  if (gone) await unreserveAll(session, disks, undone);
  return whole;
}

async function unreserveAll(session: Session, disks: readonly BackDisk[], undone: string[]): Promise<void> {
  for (const { id, saved } of disks) {
    if (saved.volume === null) continue;
    const free = async () => unreserve(await session.service('block-storage'), id);
    await lateStep(session, undone, `that volume ${id} is free again`, free);
  }
}
