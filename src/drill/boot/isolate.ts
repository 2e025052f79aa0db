import type { Environment } from '../../environment.ts';
import { OperationError } from '../../errors.ts';
import { createPort, listPorts, type Port } from '../../openstack/network/v2/ports.ts';
import {
  createSecurityGroup,
  deleteSecurityGroupRule,
  getSecurityGroup,
  listSecurityGroups,
  type SecurityGroup,
} from '../../openstack/network/v2/security-groups.ts';
import { createOnce } from '../../openstack/retry.ts';
import { firstIn } from '../../pool.ts';
import { DRILL_NAME } from '../../temporaries/lists.ts';
import { readTemporary } from '../../temporaries/tags.ts';
import { quoted } from '../../text/escape.ts';
import type { NetworkWish } from './networks.ts';

/**
 * Makes a port in each network, for a server that nobody is to reach and that reaches nobody: their security group has no
 * rule, not even those that Neutron gives to a new one. What its firewalls let pass without a rule is DHCP and neighbour
 * discovery, and not Nova's metadata service: `_spoofing_rule` and `_drop_dhcp_rule` in
 * https://opendev.org/openstack/neutron/src/branch/master/neutron/agent/linux/iptables_firewall.py
 *
 * @param onRecord told the tag of each record before anything is made with it
 * @returns ids of the ports
 * @throws OperationError if the cloud made something else
 */
export async function isolatedPorts(
  environment: Environment,
  { networks, securityGroups }: NetworkWish,
  onRecord: (tag: string) => void,
): Promise<readonly string[]> {
  if (networks.length === 0) return [];
  const groups = securityGroups ?? [(await emptyGroup(environment, onRecord)).id];
  const ports: string[] = [];
  for (const network of networks) ports.push((await portIn(environment, network, groups, onRecord)).id);
  return ports;
}

async function emptyGroup(
  { session, ledger, clock, log, signal }: Environment,
  onRecord: (tag: string) => void,
): Promise<SecurityGroup> {
  const neutron = await session.service('network');
  const record = ledger.draft('scratch', 0);
  onRecord(record.tag);
  const made = await createOnce(
    () => createSecurityGroup(neutron, { name: DRILL_NAME, description: ledger.unbound(record) }),
    () => firstIn(listSecurityGroups(neutron, { name: DRILL_NAME }), hasTag(record.tag)),
    { clock, log, signal },
  );
  await ledger.bind(record, 'security group', made.id);
  for (const rule of made.rules) await deleteSecurityGroupRule(neutron, rule);
  const { rules } = await getSecurityGroup(neutron, made.id);
  if (rules.length > 0)
    throw new OperationError(
      `security group ${made.id}, made for the drill, still has rules: ${rules.join(', ')}`,
      'Give `network: none`, or a security group of your own with `security-groups`.',
    );
  log.debug(`security group ${made.id}, without rules, was made for the drill`);
  return made;
}

async function portIn(
  { session, ledger, clock, log, signal }: Environment,
  network: NetworkWish['networks'][number],
  securityGroups: readonly string[],
  onRecord: (tag: string) => void,
): Promise<Port> {
  const neutron = await session.service('network');
  const record = ledger.draft('scratch', 0);
  onRecord(record.tag);
  const wanted = {
    name: DRILL_NAME,
    description: ledger.unbound(record),
    networkId: network.id,
    securityGroups,
  };
  const port = await createOnce(
    () => createPort(neutron, wanted),
    () => firstIn(listPorts(neutron, { name: DRILL_NAME }), hasTag(record.tag)),
    { clock, log, signal },
  );
  await ledger.bind(record, 'port', port.id);
  if (!port.portSecurity || port.securityGroups.toSorted().join() !== securityGroups.toSorted().join())
    throw new OperationError(
      `port ${port.id} in network ${quoted(network.name)}, made for the drill, is not isolated: the cloud gave it ${port.portSecurity ? 'other security groups' : 'no port security'}`,
      'Choose another `network`, or `none`.',
    );
  log.debug(`port ${port.id} in network ${quoted(network.name)} was made for the drill`);
  return port;
}

function hasTag(tag: string) {
  return ({ id, description }: { readonly id: string; readonly description: string }) =>
    readTemporary({ id, description })?.tag === tag;
}
