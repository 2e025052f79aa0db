import type { Environment } from '../../environment.ts';
import { watchVolumes } from '../../openstack/blockstorage/v3/volumes.ts';
import type { Server } from '../../openstack/compute/v2/servers.ts';
import type { PayloadStore } from '../../payload/store.ts';
import { pool } from '../../pool.ts';
import { fillImage } from '../../restore/image/restore.ts';
import { bootServer } from '../../restore/server/boot.ts';
import { giveTraits } from '../../restore/volume/finish.ts';
import { traitsOf } from '../../restore/volume/plan.ts';
import { fillVolume } from '../../restore/volume/restore.ts';
import { TEMPORARY_PROPERTY } from '../../temporaries/tags.ts';
import { counted } from '../../text/words.ts';
import type { DrillTools } from '../bytes.ts';
import type { Finding } from '../finding.ts';
import { asScratch } from '../scratch.ts';
import type { Stopwatch } from '../stopwatch.ts';
import { type CheckTools, runCheck, type Target } from './check.ts';
import { heldFinding, holdServer } from './held.ts';
import { isolatedPorts } from './isolate.ts';
import type { BootDisk, BootPlan } from './plan.ts';
import { madeForDrill, removeTrail, type Trail } from './remove.ts';
import { bootFinding } from './result.ts';
import { watchConsole } from './watch-console.ts';

/** Disks that are restored at the same time. */
const AT_ONCE = 4;

export interface BootTools extends DrillTools, Pick<CheckTools, 'environment' | 'directory' | 'redact'> {
  /**
   * Told before each thing is made of the tags of all records so far: somebody else can find by them what a run leaves
   * that cannot remove it.
   */
  noted(tags: readonly string[]): void;
}

/**
 * Restores a point as temporaries, boots a server of them that nobody reaches, looks at its console, and removes
 * everything, whatever happens. Only a server that is held stays, if nothing failed before.
 *
 * @throws OperationError if it cannot be restored or booted, with what the cloud said
 */
export async function drillBoot(
  given: Environment,
  plan: BootPlan,
  store: PayloadStore | undefined,
  watch: Stopwatch,
  tools: BootTools,
): Promise<Finding> {
  const tags: string[] = [];
  const environment = asScratch(given, (tag) => {
    tags.push(tag);
    tools.noted(tags);
  });
  const { session, log } = environment;
  const trail: Trail = { made: [], network: [], servers: [] };
  const { expected, check, hold, withinMs } = plan.wishes;
  let isHeld = false;
  try {
    const ids = await restoreDisks(environment, plan.disks, store, tools, trail);
    watch.lap('restored');
    const server = await makeServer(environment, plan, ids, trail);
    const booted = expected && {
      ...(await watchConsole(session, server.id, expected, withinMs)),
      words: expected.words,
    };
    watch.lap('booted');
    const ran = ranWords(plan);
    const target = targetOf(server, plan.disks, ids);
    if (hold !== undefined && booted?.kind !== 'failed') {
      const volumeIds = ids.filter((_id, at) => plan.disks[at]?.as === 'volume');
      const held = await holdServer(environment, { ...target, volumeIds, tags, ran, booted }, hold);
      isHeld = true;
      return heldFinding(held);
    }
    const isOver = booted?.kind === 'failed' || check === undefined;
    const checked = isOver
      ? undefined
      : { why: await runCheck(check, target, withinMs, { ...environment, ...tools }) };
    if (checked !== undefined) watch.lap('checked');
    return bootFinding({ ran, booted, check: checked });
  } finally {
    if (!isHeld) {
      const removing = await removeTrail(environment, trail);
      watch.lap('removed');
      if (removing) tools.noted([]);
      else log.debug('not all that the drill made is gone');
    }
  }
}

/** @returns the ids of the volumes and images, in their order */
async function restoreDisks(
  environment: Environment,
  disks: readonly BootDisk[],
  store: PayloadStore | undefined,
  { onBytes }: DrillTools,
  { made }: Trail,
): Promise<readonly string[]> {
  const volumes = watchVolumes(await environment.session.service('block-storage'));
  const remember = (kind: 'image' | 'volume', id: string) => made.push(madeForDrill(kind, id));
  return pool(disks, AT_ONCE, async (disk) => {
    switch (disk.as) {
      case 'kept':
        return disk.id;
      case 'image': {
        const { image } = await fillImage(environment, disk.plan, store, onBytes, 'scratch');
        remember('image', image.id);
        return image.id;
      }
      case 'volume': {
        const { volume } = await fillVolume(environment, disk.plan, store, volumes, onBytes);
        remember('volume', volume.id);
        const undone = await giveTraits(environment, volume, traitsOf(disk.plan));
        for (const what of undone) environment.log.warn(`volume ${volume.id} lacks ${what}`);
        return volume.id;
      }
    }
  });
}

async function makeServer(
  environment: Environment,
  { name, disks, flavor, network, configDrive }: BootPlan,
  ids: readonly string[],
  trail: Trail,
): Promise<Server> {
  const { ledger } = environment;
  const ports = await isolatedPorts(environment, network, (tag) => trail.network.push(tag));
  const record = ledger.draft('scratch', 0);
  trail.servers.push(record.tag);
  const placed = disks.map((disk, at) => disk.place(ids[at] ?? ''));
  return bootServer(
    environment,
    {
      name,
      flavorId: flavor.id,
      imageId: placed.find(({ source }) => source === 'image')?.uuid,
      blockDevices: placed,
      networks: ports.length === 0 ? 'none' : ports.map((port) => ({ port })),
      metadata: { [TEMPORARY_PROPERTY]: ledger.unbound(record) },
      configDrive: configDrive ? true : undefined,
    },
    record,
  );
}

function targetOf(server: Server, disks: readonly BootDisk[], ids: readonly string[]): Target {
  const fixed = Object.values(server.addresses)
    .flat()
    .find(({ type }) => type !== 'floating');
  const [root] = disks;
  return {
    serverId: server.id,
    address: fixed?.address,
    volumeId: root?.as === 'volume' ? ids[0] : undefined,
  };
}

function ranWords({ flavor, network }: BootPlan): string {
  const { networks, securityGroups } = network;
  const reach =
    networks.length === 0
      ? 'without a network'
      : securityGroups === undefined
        ? `isolated in ${counted(networks.length, 'network')}`
        : `in ${counted(networks.length, 'network')}, with the given security groups`;
  return `the server ran with flavor ${flavor.name}, ${reach}`;
}
