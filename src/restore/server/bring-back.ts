import { messageOf } from '../../errors.ts';
import type { SavedDisk } from '../../manifest/schema.ts';
import { listAttachments } from '../../openstack/compute/v2/attachments.ts';
import { replaceServerMetadata, type Server } from '../../openstack/compute/v2/servers.ts';
import { WIND_UP_MS } from '../../openstack/session.ts';
import { pool } from '../../pool.ts';
import type { Draft } from '../../temporaries/ledger.ts';
import { type Removable, removeAll, tellOfStaying } from '../../temporaries/remove.ts';
import { TEMPORARY_PROPERTY } from '../../temporaries/tags.ts';
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
  tools: BootTools,
  advance: (disks: number, gigabytes: number) => void,
): Promise<RestoredServer> {
  const { nova } = tools;
  const record = tools.run.draft('result', sizeOf(jobs));
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
    // Before it boots: Nova copies the properties of an image that a server boots from into every image of the server.
    const otherwise: string[] = [];
    for (const brought of made) {
      otherwise.push(...(await brought.settle()));
      settled.add(brought);
    }
    const server = await bootServer(requestOf(plan, disks, record, tools), record, tools);
    const found = differences(plan.saved, disks, server, await listAttachments(nova, server.id));
    found.push(...(await finishPorts(nova.session, server.id, plan.network.ports)), ...otherwise);
    await tools.run.release(server.id);
    await replaceServerMetadata(nova, server.id, plan.saved.metadata);
    return { server, disks, differences: found };
  } catch (error) {
    await removeServer(record.tag, tools);
    if (toImport !== undefined && imported) await removeKeyPair(toImport.name, tools);
    for (const brought of made) await brought.remove(settled.has(brought));
    throw error;
  }
}

function sizeOf(jobs: readonly DiskJob[]): number {
  return jobs.reduce((sum, { gigabytes }) => sum + gigabytes, 0);
}

function requestOf(plan: ServerPlan, disks: readonly RestoredDisk[], record: Draft, { run }: BootTools) {
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

/** Before the disks, which it holds. What the cloud refuses to remove now, the next run finds by its record. */
async function removeServer(tag: string, { nova, log, signal }: BootTools): Promise<void> {
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
    await removeAll(session, left, report, {
      withinMs: signal.aborted ? WIND_UP_MS : undefined,
    });
  } catch (error) {
    refused('the server', messageOf(error));
  }
}
