import type { NetworkWish } from '../../openstack/compute/v2/servers.ts';
import type { ServiceClient, Session } from '../../openstack/connection.ts';
import {
  associateFloatingIp,
  type FloatingIp,
  listFloatingIps,
} from '../../openstack/network/v2/floating-ips.ts';
import { listPorts, type Port, setSecurityGroups } from '../../openstack/network/v2/ports.ts';
import { collect } from '../../pool.ts';
import { lateStep } from '../late.ts';

/** What to request a port with, and what remains to do once the server has it. */
export interface PortPlan {
  readonly wish: NetworkWish;
  /** Ids; undefined if Nova gives the port the right ones. */
  readonly securityGroups: readonly string[] | undefined;
  readonly floatingIps: readonly FloatingIp[];
}

export interface FinishedPorts {
  /** What is no longer available, in words. */
  readonly missing: readonly string[];
  /** What failed, in words. */
  readonly undone: readonly string[];
}

/** Gives the ports of a new server what Nova cannot give them; one that fails does not stop the others. */
export async function finishPorts(
  session: Session,
  serverId: string,
  plans: readonly PortPlan[],
): Promise<FinishedPorts> {
  const [missing, undone]: [string[], string[]] = [[], []];
  const left = plans.filter(({ securityGroups, floatingIps }) => securityGroups || floatingIps.length > 0);
  if (left.length === 0) return { missing, undone };
  const neutron = await session.service('network');
  const ports = portsFor(
    plans.map(({ wish }) => wish),
    await collect(listPorts(neutron, { deviceId: serverId })),
  );
  const attempt = (what: string, act: () => Promise<void>) =>
    lateStep(session, undone, what, () => unlessGone(missing, what, act));
  for (const plan of left) await finish(neutron, plan, ports[plans.indexOf(plan)], attempt);
  return { missing, undone };
}

/** Adds to `missing` what is no longer available. */
async function unlessGone(missing: string[], what: string, act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (error) {
    if (!(error instanceof NotToBeHad)) throw error;
    missing.push(`${what}: ${error.message}`);
  }
}

async function finish(
  neutron: ServiceClient,
  { securityGroups, floatingIps }: PortPlan,
  port: Port | undefined,
  attempt: (what: string, act: () => Promise<void>) => Promise<unknown>,
): Promise<void> {
  if (securityGroups !== undefined)
    await attempt('security groups of one of its ports', async () =>
      setSecurityGroups(neutron, thereOr(port).id, securityGroups),
    );
  for (const ip of floatingIps)
    await attempt(`floating IP ${ip.address}`, async () => giveTo(neutron, ip, thereOr(port)));
}

class NotToBeHad extends Error {}

function thereOr(port: Port | undefined): Port {
  if (port === undefined) throw new NotToBeHad('the server has no such port');
  return port;
}

/** Neutron would take a floating IP away from a port that got it meanwhile. */
async function giveTo(neutron: ServiceClient, { id, address }: FloatingIp, port: Port): Promise<void> {
  const [now] = await collect(listFloatingIps(neutron, { address }));
  if (now?.id !== id) throw new NotToBeHad('the project no longer has it');
  if (now.portId !== undefined) throw new NotToBeHad('another port has taken it meanwhile');
  await associateFloatingIp(neutron, id, port.id);
}

/**
 * The ports of a server, in the order of the request: by id or address, the others by their network.
 *
 * @param ports in any order
 */
export function portsFor(
  wishes: readonly NetworkWish[],
  ports: readonly Port[],
): readonly (Port | undefined)[] {
  const exact = wishes.map((wish) => ports.find((port) => isExactly(port, wish)));
  const left = ports.filter((port) => !exact.includes(port));
  return wishes.map(({ uuid }, at) => {
    if (exact[at] !== undefined) return exact[at];
    const found = left.findIndex(({ networkId }) => networkId === uuid);
    return found < 0 ? undefined : left.splice(found, 1)[0];
  });
}

function isExactly({ id, networkId, fixedIps }: Port, { port, uuid, fixedIp }: NetworkWish): boolean {
  if (port !== undefined) return id === port;
  return networkId === uuid && fixedIps.some(({ address }) => address === fixedIp);
}
