/** How Neutron shows what it knows. */
import { isIPv6 } from 'node:net';
import type { JsonObject } from '../http.ts';
import type { FloatingIp, Network, NetworkTables, Port, SecurityGroup, Subnet } from './tables.ts';

const ownedBy = (projectId: string) => ({ project_id: projectId, tenant_id: projectId });

/** Neutron writes whole seconds. */
const secondsOf = (time: Date) => time.toISOString().replace(/\.\d+Z/, 'Z');

export function networkView(tables: NetworkTables, network: Network): JsonObject {
  return {
    id: network.id,
    name: network.name,
    status: 'ACTIVE',
    admin_state_up: true,
    shared: network.shared,
    'router:external': network.external,
    subnets: tables.subnetsOf(network.id).map(({ id }) => id),
    ...ownedBy(network.projectId),
  };
}

export function subnetView(subnet: Subnet): JsonObject {
  return {
    id: subnet.id,
    name: subnet.name,
    network_id: subnet.networkId,
    cidr: subnet.cidr,
    ip_version: isIPv6(subnet.cidr.split('/')[0] ?? '') ? 6 : 4,
    ...ownedBy(subnet.projectId),
  };
}

export function portView(port: Port): JsonObject {
  return {
    id: port.id,
    name: port.name,
    description: port.description,
    created_at: secondsOf(port.createdAt),
    network_id: port.networkId,
    mac_address: port.mac,
    admin_state_up: true,
    status: port.deviceId === '' ? 'DOWN' : 'ACTIVE',
    device_id: port.deviceId,
    device_owner: port.deviceId === '' ? '' : 'compute:nova',
    fixed_ips: port.fixedIps.map(({ subnetId, address }) => ({ subnet_id: subnetId, ip_address: address })),
    security_groups: [...port.securityGroups],
    allowed_address_pairs: port.allowedAddressPairs.map(({ address, mac }) => ({
      ip_address: address,
      mac_address: mac,
    })),
    port_security_enabled: port.portSecurity,
    'binding:vnic_type': port.vnicType,
    ...ownedBy(port.projectId),
  };
}

export function floatingIpView(ip: FloatingIp): JsonObject {
  return {
    id: ip.id,
    floating_ip_address: ip.address,
    floating_network_id: ip.networkId,
    port_id: ip.portId,
    fixed_ip_address: ip.fixedAddress,
    status: ip.portId === null ? 'DOWN' : 'ACTIVE',
    ...ownedBy(ip.projectId),
  };
}

export function securityGroupView(group: SecurityGroup): JsonObject {
  return {
    id: group.id,
    name: group.name,
    description: group.description,
    created_at: secondsOf(group.createdAt),
    security_group_rules: group.rules.map((rule) => ({ ...rule, security_group_id: group.id })),
    ...ownedBy(group.projectId),
  };
}
