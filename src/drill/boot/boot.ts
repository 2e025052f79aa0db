import type { Environment } from '../../environment.ts';
import { messageOf } from '../../errors.ts';
import { watchVolumes } from '../../openstack/blockstorage/v3/volumes.ts';
import type { Server } from '../../openstack/compute/v2/servers.ts';
import { listPorts } from '../../openstack/network/v2/ports.ts';
import { listSecurityGroups } from '../../openstack/network/v2/security-groups.ts';
import { WIND_UP_MS } from '../../openstack/session.ts';
import type { PayloadStore } from '../../payload/store.ts';
import { collect, pool } from '../../pool.ts';
import { fillImage } from '../../restore/image/restore.ts';
import { bootServer, serverWithTag } from '../../restore/server/boot.ts';
import { giveTraits } from '../../restore/volume/finish.ts';
import { traitsOf } from '../../restore/volume/plan.ts';
import { fillVolume } from '../../restore/volume/restore.ts';
import { DRILL_NAME } from '../../temporaries/lists.ts';
import { untilVolumesGone } from '../../temporaries/remove.ts';
import { tellOfStaying } from '../../temporaries/staying.ts';
import { readTemporary, TEMPORARY_PROPERTY } from '../../temporaries/tags.ts';
import { type Made, undo } from '../../temporaries/undo.ts';
import { counted } from '../../text/words.ts';
import type { DrillTools } from '../bytes.ts';
import type { Finding } from '../finding.ts';
import { asScratch } from '../scratch.ts';
import type { Stopwatch } from '../stopwatch.ts';
import { type CheckTools, runCheck, type Target } from './check.ts';
import { isolatedPorts } from './isolate.ts';
import type { BootDisk, BootPlan } from './plan.ts';
import { bootFinding } from './result.ts';
import { watchConsole } from './watch-console.ts';

/** Disks that are restored at the same time. */
const AT_ONCE = 4;

/** What was made so far, and the tags of what may have been made besides. */
interface Trail {
  readonly made: Made[];
  readonly network: string[];
  readonly servers: string[];
}

/**
 * Restores a point as temporaries, boots a server of them that nobody reaches, looks at its console, and removes
 * everything, whatever happens.
 *
 * @throws OperationError if it cannot be restored or booted, with what the cloud said
 */
export async function drillBoot(
  given: Environment,
  plan: BootPlan,
  store: PayloadStore | undefined,
  watch: Stopwatch,
  tools: DrillTools & Pick<CheckTools, 'environment' | 'directory' | 'redact'>,
): Promise<Finding> {
  const environment = asScratch(given);
  const { session, log } = environment;
  const trail: Trail = { made: [], network: [], servers: [] };
  const { expected, check, withinMs } = plan.wishes;
  try {
    const ids = await restoreDisks(environment, plan.disks, store, tools, trail);
    watch.lap('restored');
    const server = await makeServer(environment, plan, ids, trail);
    const booted = expected && {
      ...(await watchConsole(session, server.id, expected, withinMs)),
      words: expected.words,
    };
    watch.lap('booted');
    const isOver = booted?.kind === 'failed' || check === undefined;
    const target = targetOf(server, plan.disks, ids);
    const checked = isOver
      ? undefined
      : { why: await runCheck(check, target, withinMs, { ...environment, ...tools }) };
    if (checked !== undefined) watch.lap('checked');
    return bootFinding({ ran: ranWords(plan), booted, check: checked });
  } finally {
    const removing = await removeAll(environment, trail);
    watch.lap('removed');
    if (!removing) log.debug('not all that the drill made is gone');
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
  const remember = (kind: Made['kind'], id: string) =>
    made.push({ kind, id, what: `${kind} ${id}, made for the drill`, later: 'remove' });
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

/** @returns whether everything is gone, or is going */
async function removeAll(environment: Environment, { made, network, servers }: Trail): Promise<boolean> {
  const { session, log, signal } = environment;
  session.windUp();
  const late = await found(environment, { network, servers });
  const isGone = await undo(session, [...late, ...made], {
    removed: ({ what }) => log.debug(`${what}, is being removed`),
    withinMs: signal.aborted ? WIND_UP_MS : undefined,
  });
  const volumes = made.filter(({ kind }) => kind === 'volume').map(({ id }) => id);
  if (isGone && !signal.aborted && volumes.length > 0) await untilVolumesGone(session, volumes);
  return isGone;
}

/** By the tags of their records: also what a request made whose answer was lost. */
async function found(
  { session, log }: Environment,
  { network, servers }: Pick<Trail, 'network' | 'servers'>,
): Promise<readonly Made[]> {
  const all: Made[] = [];
  const look = async (what: string, act: () => Promise<void>) => {
    try {
      await act();
    } catch (error) {
      tellOfStaying(log, `the ${what} of the drill`, messageOf(error), 'remove');
    }
  };
  const put = (kind: Made['kind'], id: string) =>
    all.push({ kind, id, what: `${kind} ${id}, made for the drill`, later: 'remove' });
  for (const tag of servers)
    await look('server', async () => {
      const server = await serverWithTag(await session.service('compute'), tag);
      if (server !== undefined) put('server', server.id);
    });
  if (network.length === 0) return all;
  const isOurs = ({ id, description }: { readonly id: string; readonly description: string }) =>
    network.includes(readTemporary({ id, description })?.tag ?? '');
  await look('ports', async () => {
    const neutron = await session.service('network');
    const ports = await collect(listPorts(neutron, { name: DRILL_NAME }));
    const groups = await collect(listSecurityGroups(neutron, { name: DRILL_NAME }));
    for (const { id } of ports.filter(isOurs)) put('port', id);
    for (const { id } of groups.filter(isOurs)) put('security group', id);
  });
  return all;
}
