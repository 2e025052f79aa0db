import { randomUUID } from 'node:crypto';
import { messageOf } from '../../errors.ts';
import type { SavedDisk } from '../../manifest/schema.ts';
import { listAttachments } from '../../openstack/compute/v2/attachments.ts';
import { replaceServerMetadata, type Server } from '../../openstack/compute/v2/servers.ts';
import { WIND_UP_MS } from '../../openstack/session.ts';
import { pool } from '../../pool.ts';
import type { RunIdentity } from '../../temporaries/owner.ts';
import { type Removable, removeAll, tellOfStaying } from '../../temporaries/remove.ts';
import { expiry, TEMPORARY_PROPERTY, writeTemporary } from '../../temporaries/tags.ts';
import { GIB } from '../../text/bytes.ts';
import { type BootTools, bootServer, serverWithTag } from './boot.ts';
import { differences } from './check.ts';
import { makeKeyPair, removeKeyPair } from './key-pair.ts';
import type { ServerPlan } from './plan.ts';
import { finishPorts } from './ports.ts';
import { type RestoredDisk, serverRequest } from './request.ts';

/** A disk that is to be brought back. */
export interface DiskJob {
  readonly saved: SavedDisk;
  /** GiB, for the time that it may take. */
  readonly gigabytes: number;
  /** @param onBytes told of bytes as they flow, where they come from a store */
  bring(onBytes: (count: number) => void): Promise<BroughtBack>;
}

/** A volume or an image that is back, and still carries the record of a temporary. */
export interface BroughtBack {
  readonly id: string;
  /**
   * Takes the record off: from now on it is the user's.
   *
   * @returns what is otherwise than it was, in words
   */
  settle(): Promise<readonly string[]>;
  /** Deletes what was made. What the cloud refuses is told; the next run finds it by its record, unless it is settled. */
  remove(settled: boolean): Promise<void>;
}

export interface ServerTools extends BootTools {
  readonly run: RunIdentity;
}

export interface RestoredServer {
  readonly server: Server;
  readonly disks: readonly RestoredDisk[];
  /** What the cloud made otherwise than it was asked to, in words. */
  readonly differences: readonly string[];
}

/** Disks that are brought back at the same time. */
const AT_ONCE = 4;

/**
 * Brings back the disks, then the server. One that is not brought to its end is removed with all that was made for it.
 *
 * @param advance told of the GiB of disks that are done
 */
export async function bringBackServer(
  plan: ServerPlan,
  jobs: readonly DiskJob[],
  tools: ServerTools,
  advance: (disks: number, gigabytes: number) => void,
): Promise<RestoredServer> {
  const { nova } = tools;
  const tag = randomUUID();
  const made: BroughtBack[] = [];
  const settled = new Set<BroughtBack>();
  const { toImport } = plan.keyPair;
  let imported = false;
  try {
    const disks = await pool(jobs, AT_ONCE, async ({ saved, gigabytes, bring }) => {
      let left = gigabytes;
      const brought = await bring((count) => {
        const more = Math.min(left, count / GIB);
        left -= more;
        advance(0, more);
      });
      made.push(brought);
      advance(1, left);
      return { saved, id: brought.id };
    });
    if (toImport !== undefined) {
      await makeKeyPair(toImport, tools);
      imported = true;
    }
    const server = await bootServer(requestOf(plan, disks, tag, jobs, tools), tag, tools);
    const found = differences(plan.saved, disks, server, await listAttachments(nova, server.id));
    found.push(...(await finishPorts(nova.session, server.id, plan.network.ports)));
    // The server last. A run killed in between: the next one deletes the server, never a volume of one that stays.
    for (const brought of made) {
      found.push(...(await brought.settle()));
      settled.add(brought);
    }
    await replaceServerMetadata(nova, server.id, plan.saved.metadata);
    return { server, disks, differences: found };
  } catch (error) {
    await removeServer(tag, tools);
    if (toImport !== undefined && imported) await removeKeyPair(toImport.name, tools);
    for (const brought of made) await brought.remove(settled.has(brought));
    throw error;
  }
}

function requestOf(
  plan: ServerPlan,
  disks: readonly RestoredDisk[],
  tag: string,
  jobs: readonly DiskJob[],
  { run, clock }: ServerTools,
) {
  const gigabytes = jobs.reduce((sum, job) => sum + job.gigabytes, 0);
  const record = writeTemporary({ tag, owner: run.owner, expires: expiry(clock.now(), gigabytes) });
  return serverRequest({
    saved: plan.saved,
    name: plan.name,
    flavorId: plan.flavor.id,
    disks,
    network: plan.network,
    keyName: plan.keyPair.name,
    availabilityZone: plan.availabilityZone,
    group: plan.group,
    metadata: { [TEMPORARY_PROPERTY]: record },
  });
}

/** Before the disks, which it holds. What the cloud refuses to remove now, the next run finds by its record. */
async function removeServer(tag: string, { nova, log, signal }: ServerTools): Promise<void> {
  const { session } = nova;
  session.windUp();
  const refused = (what: string, why: string) => tellOfStaying(log, `${what}, made for the restore,`, why);
  try {
    const server = await serverWithTag(nova, tag);
    const left = server === undefined ? [] : [{ ...server, kind: 'server' as const }];
    const report = {
      removed: ({ id }: Removable) => log.info(`server ${id}, made for the restore, is removed again`),
      refused: ({ id }: Removable, why: string) => refused(`server ${id}`, why),
    };
    await removeAll(session, left, report, signal.aborted ? WIND_UP_MS : undefined);
  } catch (error) {
    refused('the server', messageOf(error));
  }
}
