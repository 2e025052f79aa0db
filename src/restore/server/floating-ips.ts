import type { FloatingIp } from '../../openstack/network/v2/floating-ips.ts';

export interface FloatingPlan {
  /** To give to the port. */
  readonly free: readonly FloatingIp[];
  readonly missing: readonly string[];
}

/**
 * Which of a port's floating IPs it can have again: those that the project still has and that nobody uses.
 *
 * @param addresses that the port had
 * @param offered all of the project
 * @param portId the port itself, if the server gets it again: it may still have them
 */
export function planFloatingIps(
  addresses: readonly string[],
  offered: readonly FloatingIp[],
  portId: string | undefined,
): FloatingPlan {
  const free: FloatingIp[] = [];
  const missing: string[] = [];
  for (const address of addresses) {
    const found = offered.find((ip) => ip.address === address);
    const what = `floating IP ${address}`;
    if (found === undefined) missing.push(`${what}: the project does not have it`);
    else if (found.portId === undefined) free.push(found);
    else if (found.portId !== portId) missing.push(`${what}: another port has it`);
  }
  return { free, missing };
}
