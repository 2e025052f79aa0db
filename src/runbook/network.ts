import type { SavedPort, SavedServer } from '../manifest/schema.ts';
import { sharedGroups } from '../manifest/shared-groups.ts';
import { forShell } from '../text/escape.ts';
import { assign, command, option, shown } from './shell.ts';

/**
 * Reuses the ports that still exist at the restore; else makes new ones, with the old addresses in networks of the
 * project's own: in others Neutron refuses them, and Nova then builds no server.
 */
export function portLines({ ports }: SavedServer, server: string): string[] {
  const lines = ports.map((port, index) =>
    command(
      `${nic(server, index)}=$(openstack port show -f value -c status ${port.id} > /dev/null 2>&1`,
      `&& echo port-id=${port.id}`,
      `|| ${newPort(port)})`,
    ),
  );
  return ports.some(({ fixedIps }) => fixedIps.length > 0)
    ? [assign('PROJECT', 'openstack token issue -f value -c project_id'), ...lines]
    : lines;
}

/** The network options for `openstack server create`. */
export function networkWords(saved: SavedServer, server: string): string[] {
  const { ports, addresses } = saved;
  const networks = Object.keys(addresses);
  if (ports.length === 0 && networks.length === 0) return ['--nic=none'];
  const nics =
    ports.length > 0
      ? ports.map((_port, index) => `--nic="$${nic(server, index)}"`)
      : // The client gives both characters a meaning.
        networks.filter((name) => !/[,=]/.test(name)).flatMap((name) => option('network', name));
  return [
    ...nics,
    ...sharedGroups(saved).shared.flatMap(({ name, id }) => option('security-group', name ?? id)),
  ];
}

/** Sets each new port's security groups if they differed. */
export function groupLines(saved: SavedServer, variable: string): string[] {
  if (!sharedGroups(saved).differ) return [];
  return saved.ports.flatMap(({ portSecurity, securityGroups, network, fixedIps }, index) => {
    if (!portSecurity) return [];
    // Alone in its network it needs none, and it may have a new one.
    const isAlone = saved.ports.filter((other) => other.network.id === network.id).length === 1;
    const fixed = isAlone ? undefined : fixedIps[0];
    return [
      `if [[ $${nic(variable, index)} == net-id=* ]]; then`,
      `  ${assign(
        'PORT',
        `openstack port list -f value -c ID --server="$${variable}"`,
        ...option('network', network.id),
        ...option('fixed-ip', fixed && `ip-address=${fixed.address}`),
      )}`,
      `  ${command(
        'openstack port set --no-security-group',
        ...securityGroups.flatMap(({ name, id }) => option('security-group', name ?? id)),
        '"$PORT"',
      )}`,
      'fi',
    ];
  });
}

/** Reattaches each address that is still the project's and free; Neutron reports why others are not. */
export function floatingLines({ ports }: SavedServer, server: string): string[] {
  return ports.flatMap(({ fixedIps, floatingIps }) =>
    floatingIps.map((address) =>
      command(
        'openstack server add floating ip',
        // A single port leaves no choice, and its address may have changed.
        ...(ports.length > 1 ? option('fixed-ip-address', fixedIps[0]?.address) : []),
        '--',
        server,
        forShell(address),
        `|| echo ${forShell(`floating IP ${address} could not be added`)} >&2`,
      ),
    ),
  );
}

const nic = (server: string, index: number) => `NIC_${server.replace('SERVER_', '')}_${index + 1}`;

function newPort({ network: { id }, fixedIps }: SavedPort): string {
  const address = fixedIps[0]?.address;
  const bare = `echo ${forShell(`net-id=${id}`)}`;
  if (address === undefined) return bare;
  const withAddress = `net-id=${id},${address.includes(':') ? 'v6' : 'v4'}-fixed-ip=${address}`;
  return `if [[ $(${shown('network', 'project_id', forShell(id))}) == "$PROJECT" ]]; then echo ${forShell(withAddress)}; else ${bare}; fi`;
}
