import { OperationError } from '../../errors.ts';
import { pointWithId } from '../../manifest/points.ts';
import type { Manifest, SavedDisk, SavedServer } from '../../manifest/schema.ts';
import { type Flavor, listFlavors } from '../../openstack/compute/v2/flavors.ts';
import type { BlockDevice } from '../../openstack/compute/v2/servers.ts';
import type { Session } from '../../openstack/connection.ts';
import type { Need } from '../../openstack/quota-names.ts';
import { quotasFor } from '../../openstack/quotas.ts';
import type { PayloadStore } from '../../payload/store.ts';
import { quotaAfter, refuseOver } from '../../plan/quota.ts';
import { collect } from '../../pool.ts';
import { keptImage } from '../../restore/image/kept-image.ts';
import { type ImageRestorePlan, planImage } from '../../restore/image/plan.ts';
import { type DiskPlan, planDisks } from '../../restore/server/disks.ts';
import { parseMapping } from '../../restore/server/mapping.ts';
import { blockDevice } from '../../restore/server/request.ts';
import { gigabytesOf, type NewPlan, planVolume } from '../../restore/volume/plan.ts';
import type { Expected } from './expect.ts';
import { flavorFor, type Needed } from './flavor.ts';
import { type NetworkWish, networksFor } from './networks.ts';

/** What the user says of the server and of what proves it. */
export interface BootWishes {
  /** Names or ids; only `none`: without a network. */
  readonly networks: readonly string[];
  readonly securityGroups: readonly string[];
  readonly flavor: string | undefined;
  readonly expected: Expected | undefined;
  /** A command. */
  readonly check: string | undefined;
  /** How long the server stays for whoever decides. Milliseconds; undefined: not at all. */
  readonly hold: number | undefined;
  /** For the text, and again for the command. Milliseconds. */
  readonly withinMs: number;
}

/** A disk that the server boots from, or beside. */
export type BootDisk = {
  /** Where it goes, once it is there. */
  place(id: string): BlockDevice;
} & (
  | { readonly as: 'volume'; readonly plan: NewPlan }
  | { readonly as: 'image'; readonly plan: ImageRestorePlan }
  /** It is in the cloud already. */
  | { readonly as: 'kept'; readonly id: string }
);

export interface BootPlan {
  readonly name: string;
  /** The one that it boots from first. */
  readonly disks: readonly BootDisk[];
  readonly flavor: Flavor;
  readonly network: NetworkWish;
  readonly configDrive: boolean;
  readonly wishes: BootWishes;
}

type Bare = Pick<BootPlan, 'disks' | 'configDrive'> & { readonly needed: Needed };

/**
 * How a restore point becomes a server. Changes nothing.
 *
 * @param name of what is made
 * @throws InputError for a network or a flavor that is not there; QuotaError; what the plans of the disks throw
 */
export async function planBoot(
  session: Session,
  manifest: Manifest,
  { kind, point }: { readonly kind: 'volume' | 'server' | 'image'; readonly point: string },
  name: string,
  wishes: BootWishes,
  store: PayloadStore | undefined,
): Promise<BootPlan> {
  const network = await networksFor(session, wishes.networks, wishes.securityGroups);
  const bare = await PLANS[kind](session, manifest, point, name, store);
  const nova = await session.service('compute');
  const flavor = flavorFor(bare.needed, await collect(listFlavors(nova)), wishes.flavor);
  const need = needOf(bare.disks, flavor, network);
  refuseOver(quotaAfter(await quotasFor(session, [need]), need, true), 'the server of the drill');
  return { name, disks: bare.disks, flavor, network, configDrive: bare.configDrive, wishes };
}

type Planner = (
  session: Session,
  manifest: Manifest,
  point: string,
  name: string,
  store: PayloadStore | undefined,
) => Promise<Bare>;

const PLANS: Readonly<Record<'volume' | 'server' | 'image', Planner>> = {
  async volume(session, manifest, id, name, store) {
    const point = pointWithId(manifest, 'volume', id);
    const wishes = {
      volume: undefined,
      backup: undefined,
      to: undefined,
      overwrite: false,
      name,
      type: undefined,
      availabilityZone: undefined,
    };
    const plan = await planVolume(session, { kind: 'point', manifest, point }, wishes, store);
    if (plan.kind === 'overwrite') throw new TypeError('a drill makes a new volume');
    const place = (volume: string): BlockDevice => ({
      source: 'volume',
      destination: 'volume',
      uuid: volume,
      bootIndex: 0,
      deleteOnTermination: false,
    });
    const ram = Number(point.resource.imageMetadata['min_ram'] ?? 0) || 0;
    return {
      disks: [{ as: 'volume', plan, place }],
      configDrive: false,
      needed: { source: undefined, ram, disk: 0 },
    };
  },
  async image(session, manifest, id, name, store) {
    const point = pointWithId(manifest, 'image', id);
    const { minDisk, minRam } = point.resource;
    const needed = { source: undefined, ram: minRam, disk: minDisk };
    if (point.method === 'kept') {
      const kept = await keptImage(session, point.resource, 'which is the backup');
      return { disks: [{ as: 'kept', id: kept.id, place: fromImage }], configDrive: false, needed };
    }
    const plan = await planImage(session, { manifest, point }, { name, wrap: 'auto' }, store);
    refuseEncrypted(plan);
    return { disks: [{ as: 'image', plan, place: fromImage }], configDrive: false, needed };
  },
  async server(session, manifest, id, name, store) {
    const { resource } = pointWithId(manifest, 'server', id);
    const plans = await planDisks(session, manifest, resource.disks, parseMapping([]), store);
    return {
      disks: plans.map((plan) => diskOf(plan, name)),
      configDrive: resource.configDrive,
      needed: neededBy(resource, plans),
    };
  },
};

/** @throws OperationError since Nova boots no encrypted image */
function refuseEncrypted({ key, saved }: ImageRestorePlan): void {
  if (key !== undefined)
    throw new OperationError(
      `image ${saved.id} is encrypted, and Nova cannot boot from an encrypted image`,
      'Drill it with `level: volume`.',
    );
}

function diskOf(disk: DiskPlan, name: string): BootDisk {
  const place = (id: string) => blockDevice({ saved: disk.saved, id });
  switch (disk.from) {
    case 'backup':
      return { as: 'volume', plan: { ...disk.plan, name }, place };
    case 'payload':
      return { as: 'image', plan: { ...disk.plan, name }, place };
    case 'cloud':
      return { as: 'kept', id: disk.id, place };
  }
}

function fromImage(uuid: string): BlockDevice {
  return { source: 'image', destination: 'local', uuid, bootIndex: 0, deleteOnTermination: true };
}

function neededBy({ flavor }: SavedServer, plans: readonly DiskPlan[]): Needed {
  const own = plans.find(({ saved }: { readonly saved: SavedDisk }) => saved.volume === null);
  return {
    source: { id: flavor.id, name: flavor.name },
    ram: own?.from === 'payload' ? own.plan.saved.minRam : 0,
    disk: Math.ceil(own?.gigabytes ?? 0),
  };
}

function needOf(
  disks: readonly BootDisk[],
  { vcpus, ram }: Flavor,
  { networks, securityGroups }: NetworkWish,
): Need {
  const volumes = disks.flatMap((disk) => (disk.as === 'volume' ? [disk.plan] : []));
  const images = disks.filter(({ as }) => as === 'image');
  return {
    instances: 1,
    cores: vcpus,
    ram,
    ...(volumes.length > 0 && {
      volumes: volumes.length,
      gigabytes: volumes.reduce((sum, plan) => sum + gigabytesOf(plan), 0),
    }),
    ...(images.length > 0 && { images: images.length }),
    ...(networks.length > 0 && { ports: networks.length }),
    ...(networks.length > 0 && securityGroups === undefined && { security_groups: 1 }),
  };
}
