import { OperationError, PlainError } from '../../errors.ts';
import type { Volume } from '../../openstack/blockstorage/v3/volumes.ts';
import type { Server } from '../../openstack/compute/v2/servers.ts';
import type { Session } from '../../openstack/connection.ts';
import { pool } from '../../pool.ts';
import type { RefusedVolume, VolumeBackupPlan, VolumeBackupWishes } from '../volume/plan.ts';
import { type LookedAt, lookAt, surroundingsOf } from './facts.ts';
import { refuseUnfrozenServer } from './frozen.ts';
import { checkState } from './state.ts';

/** What to do with one server. */
export interface ServerBackupPlan {
  readonly looked: LookedAt;
  readonly volumes: readonly VolumeBackupPlan[];
  /** GiB of all its disks. */
  readonly gigabytes: number;
}

export interface RefusedServer {
  readonly server: Server;
  readonly error: PlainError;
}

/**
 * Servers as they are now; a state that forbids an image refuses one, and the others can be saved.
 *
 * @param volumes of the project
 */
export async function lookAtServers(
  session: Session,
  servers: readonly Server[],
  volumes: readonly Volume[],
): Promise<{ readonly looked: readonly LookedAt[]; readonly refused: readonly RefusedServer[] }> {
  const around = await surroundingsOf(session);
  const all = await pool(servers, 4, async (server): Promise<LookedAt | RefusedServer> => {
    try {
      checkState(server);
      return await lookAt(session, server, around, volumes);
    } catch (error) {
      if (error instanceof PlainError) return { server, error };
      throw error;
    }
  });
  return {
    looked: all.filter((item): item is LookedAt => 'facts' in item),
    refused: all.filter((item): item is RefusedServer => 'error' in item),
  };
}

/**
 * Joins servers with the plans for their volumes. If one volume of a server cannot be saved, the server is refused.
 *
 * @param plans those of all the servers' volumes
 */
export function planServers(
  looked: readonly LookedAt[],
  plans: readonly VolumeBackupPlan[],
  refusedVolumes: readonly RefusedVolume[],
  consistency: VolumeBackupWishes['consistency'] = 'best',
): { readonly plans: readonly ServerBackupPlan[]; readonly refused: readonly RefusedServer[] } {
  const made: ServerBackupPlan[] = [];
  const refused: RefusedServer[] = [];
  const byVolume = new Map(plans.map((plan, rank) => [plan.volume.id, { plan, rank }]));
  for (const one of looked) {
    const { server } = one.facts;
    const ids = one.attachments.map(({ volumeId }) => volumeId);
    const volumes = ids
      .flatMap((id) => byVolume.get(id) ?? [])
      .toSorted((a, b) => a.rank - b.rank)
      .map(({ plan }) => plan);
    const found = new Set(volumes.map(({ volume }) => volume.id));
    const [lost] = ids.filter((id) => !found.has(id));
    const plan = { looked: one, volumes, gigabytes: gigabytesOf(one, volumes) };
    const error =
      lost !== undefined
        ? whyNot(lost, refusedVolumes)
        : consistency === 'quiesced'
          ? unfrozen(plan)
          : undefined;
    if (error === undefined) made.push(plan);
    else refused.push({ server, error });
  }
  return { plans: made, refused };
}

function unfrozen(plan: ServerBackupPlan): PlainError | undefined {
  try {
    refuseUnfrozenServer(
      plan.looked,
      plan.volumes.map(({ volume }) => volume),
    );
    return undefined;
  } catch (error) {
    if (error instanceof PlainError) return error;
    throw error;
  }
}

function gigabytesOf({ facts }: LookedAt, volumes: readonly VolumeBackupPlan[]): number {
  const root = facts.image === null ? 0 : (facts.server.flavor?.disk ?? 0);
  return volumes.reduce((sum, { volume }) => sum + volume.size, root);
}

function whyNot(volumeId: string, refused: readonly RefusedVolume[]): PlainError {
  return (
    refused.find(({ volume }) => volume.id === volumeId)?.error ??
    new OperationError(
      `volume ${volumeId} is attached but not visible with these credentials`,
      'If it belongs to another project, only that project can back it up.',
    )
  );
}
