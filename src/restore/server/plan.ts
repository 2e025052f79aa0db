import { InputError } from '../../errors.ts';
import type { SavedServer } from '../../manifest/schema.ts';
import { listAvailabilityZones } from '../../openstack/availability-zones.ts';
import { type Flavor, listFlavors } from '../../openstack/compute/v2/flavors.ts';
import { listKeyPairs } from '../../openstack/compute/v2/keypairs.ts';
import { getComputeLimits } from '../../openstack/compute/v2/limits.ts';
import { listServerGroups, type ServerGroup } from '../../openstack/compute/v2/server-groups.ts';
import type { Session } from '../../openstack/connection.ts';
import { listFloatingIps } from '../../openstack/network/v2/floating-ips.ts';
import { listNetworks } from '../../openstack/network/v2/networks.ts';
import { listPorts } from '../../openstack/network/v2/ports.ts';
import { listSecurityGroups } from '../../openstack/network/v2/security-groups.ts';
import { listSubnets } from '../../openstack/network/v2/subnets.ts';
import { quotasFor } from '../../openstack/quotas.ts';
import type { PayloadStore } from '../../payload/store.ts';
import { type QuotaLine, quotaAfter, refuseOver } from '../../plan/quota.ts';
import { collect } from '../../pool.ts';
import { quoted } from '../../text/escape.ts';
import type { Namesake } from '../namesakes.ts';
import type { ServerChoice, ServerRestoreWishes } from './choose.ts';
import { type DiskPlan, planDisks } from './disks.ts';
import { chooseFlavor } from './flavor.ts';
import { type KeyPairPlan, planKeyPair } from './key-pair.ts';
import type { Mapping } from './mapping.ts';
import { type NetworkPlan, type Offered, planNetworks } from './networks.ts';

/** How a server is made again. */
export interface ServerRestorePlan {
  readonly saved: SavedServer;
  readonly name: string;
  readonly flavor: Flavor;
  readonly network: NetworkPlan;
  readonly keyPair: KeyPairPlan;
  readonly availabilityZone: string | undefined;
  /** Id of the server group. */
  readonly group: string | undefined;
  readonly disks: readonly DiskPlan[];
  readonly quota: readonly QuotaLine[];
  /** What the backup could not save, in words. */
  readonly unsaved: readonly string[];
  /** What will differ from the original, in words. */
  readonly missing: readonly string[];
  /** What already has the name of the server, or of one of its new volumes. */
  readonly namesakes?: readonly Namesake[];
}

/**
 * Looks for all that the server needs at its destination, and for its disks. Changes nothing.
 *
 * @param store where payloads are read; undefined if no store is given
 * @throws InputError for what does not exist and cannot be left out, or OperationError
 */
export async function planServer(
  session: Session,
  { manifest, point }: ServerChoice,
  { name, mapping }: Pick<ServerRestoreWishes, 'name' | 'mapping'>,
  store: PayloadStore | undefined,
): Promise<ServerRestorePlan> {
  const plan = await planWithoutDisks(session, point.resource, name, mapping);
  const disks = await planDisks(session, manifest, point.resource.disks, mapping, store);
  mapping.refuseUnused();
  const quota = [...plan.quota, ...(await quotaOfDisks(session, disks))];
  refuseOver(quota, 'the restored server');
  return { ...plan, disks, quota, unsaved: point.missing };
}

async function quotaOfDisks(session: Session, disks: readonly DiskPlan[]): Promise<readonly QuotaLine[]> {
  const volumes = disks.filter(({ saved, from }) => saved.volume !== null && from !== 'cloud');
  const need = { volumes: volumes.length, gigabytes: gigabytesOfDisks(volumes) };
  return quotaAfter(await quotasFor(session, [need]), need);
}

/** GiB of all of them. */
export function gigabytesOfDisks(disks: readonly DiskPlan[]): number {
  return disks.reduce((sum, { gigabytes }) => sum + gigabytes, 0);
}

async function planWithoutDisks(
  session: Session,
  saved: SavedServer,
  name: string | undefined,
  mapping: Mapping,
): Promise<Omit<ServerRestorePlan, 'disks' | 'unsaved'>> {
  const nova = await session.service('compute');
  const [flavors, pairs, zones, groups, limits, offered] = await Promise.all([
    collect(listFlavors(nova)),
    listKeyPairs(nova),
    listAvailabilityZones(nova),
    saved.serverGroup === null ? [] : listServerGroups(nova),
    getComputeLimits(nova),
    networksOf(session),
  ]);
  const { id, name: flavorName } = saved.flavor;
  const rootDisk = saved.disks.some(({ volume }) => volume === null);
  const chosen = chooseFlavor(saved.flavor, flavors, mapping.of('flavor', id, flavorName), rootDisk);
  const network = planNetworks(saved, offered, mapping);
  const keyPair = planKeyPair(saved.keyPair, pairs, mapping);
  const zone = planZone(saved.availabilityZone, zones, mapping);
  const group = groupFor(saved.serverGroup, groups);
  return {
    saved,
    name: checkedName(name ?? saved.name),
    flavor: chosen.flavor,
    network,
    keyPair,
    availabilityZone: zone.name,
    group: group?.id,
    quota: quotaAfter({ ...limits }, { instances: 1, cores: chosen.flavor.vcpus, ram: chosen.flavor.ram }),
    missing: [
      ...(chosen.instead === undefined ? [] : [chosen.instead]),
      ...network.missing,
      ...keyPair.missing,
      ...zone.missing,
      ...(saved.serverGroup !== null && group === undefined
        ? [`server group ${quoted(saved.serverGroup.name)}: there is none of that name`]
        : []),
      ...(saved.status === 'ACTIVE' ? [] : [`its status ${saved.status}: Nova starts every server it makes`]),
    ],
  };
}

async function networksOf(session: Session): Promise<Offered> {
  if (!session.has('network'))
    return { networks: [], subnets: [], ports: [], securityGroups: [], floatingIps: [] };
  const neutron = await session.service('network');
  const [networks, subnets, ports, securityGroups, floatingIps] = await Promise.all([
    collect(listNetworks(neutron)),
    collect(listSubnets(neutron)),
    collect(listPorts(neutron)),
    collect(listSecurityGroups(neutron)),
    collect(listFloatingIps(neutron)),
  ]);
  return { networks, subnets, ports, securityGroups, floatingIps };
}

/** @throws InputError if `map` names a zone that does not exist */
function planZone(
  saved: string | null,
  zones: readonly string[],
  mapping: Mapping,
): { name: string | undefined; missing: string[] } {
  if (saved === null) return { name: undefined, missing: [] };
  const wish = mapping.of('availability-zone', saved);
  const name = wish ?? saved;
  if (zones.includes(name)) return { name, missing: [] };
  if (wish === undefined)
    return { name: undefined, missing: [`availability zone ${quoted(saved)}: there is none of that name`] };
  throw new InputError(
    `there is no availability zone ${quoted(wish)} for servers`,
    `There are: ${zones.join(', ') || 'none'}.`,
  );
}

function groupFor(
  saved: SavedServer['serverGroup'],
  groups: readonly ServerGroup[],
): ServerGroup | undefined {
  if (saved === null) return undefined;
  return (
    groups.find(({ id }) => id === saved.id) ??
    groups.find(({ name, policy }) => name === saved.name && (policy ?? null) === saved.policy)
  );
}

/** As Nova checks it: `name` in https://github.com/openstack/nova/blob/master/nova/api/validation/parameter_types.py */
function checkedName(name: string): string {
  if (name.length <= 255 && name.trim() === name && /^[^\p{C}]+$/u.test(name)) return name;
  throw new InputError(
    `invalid server name ${quoted(name)}`,
    'Give another `name`: printable characters, and no space at either end.',
  );
}
