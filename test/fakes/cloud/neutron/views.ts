/** How Neutron shows what it knows. */
import { isIPv6 } from 'node:net';
import type { JsonObject } from '../http.ts';
import type { FloatingIp, Network, NetworkTables, Port, SecurityGroup, Subnet } from './tables.ts';

const ownedBy = (projectId: string) => ({ project_id: projectId, tenant_id: projectId });

/** Neutron writes whole seconds. */
const secondsOf = (time: Date) => time.toISOString().replace(/\.\d+Z/, 'Z');

/** Of everything that is kept. */
const kept = ({ createdAt }: { createdAt: Date }) => ({
  tags: [],
  created_at: secondsOf(createdAt),
  updated_at: secondsOf(createdAt),
});

export function networkView(tables: NetworkTables, network: Network): JsonObject {
  return {
    id: network.id,
    name: network.name,
    description: '',
    status: 'ACTIVE',
    admin_state_up: true,
    mtu: 1450,
    shared: network.shared,
    'router:external': network.external,
    ...(network.external ? { is_default: false } : {}),
    port_security_enabled: true,
    vlan_transparent: false,
    qinq: false,
    availability_zone_hints: [],
    availability_zones: [],
    ipv4_address_scope: null,
    ipv6_address_scope: null,
    subnets: tables.subnetsOf(network.id).map(({ id }) => id),
    ...ownedBy(network.projectId),
    ...kept(network),
  };
}

export function subnetView(tables: NetworkTables, subnet: Subnet): JsonObject {
  const base = subnet.cidr.slice(0, subnet.cidr.lastIndexOf('.'));
  return {
    id: subnet.id,
    name: subnet.name,
    description: '',
    network_id: subnet.networkId,
    cidr: subnet.cidr,
    ip_version: isIPv6(subnet.cidr.split('/')[0] ?? '') ? 6 : 4,
    gateway_ip: `${base}.1`,
    allocation_pools: [{ start: `${base}.2`, end: `${base}.254` }],
    enable_dhcp: true,
    ipv6_ra_mode: null,
    ipv6_address_mode: null,
    host_routes: [],
    dns_nameservers: [],
    service_types: [],
    subnetpool_id: null,
    'router:external': tables.networks.get(subnet.networkId)?.external ?? false,
    ...ownedBy(subnet.projectId),
    ...kept(subnet),
  };
}

export function portView(port: Port): JsonObject {
  return {
    ...portDetails(port),
    id: port.id,
    description: port.description,
    fixed_ips: port.fixedIps.map(({ subnetId, address }) => ({ subnet_id: subnetId, ip_address: address })),
    security_groups: [...port.securityGroups],
    allowed_address_pairs: port.allowedAddressPairs.map(({ address, mac }) => ({
      ip_address: address,
      mac_address: mac,
    })),
    extra_dhcp_opts: [],
    port_security_enabled: port.portSecurity,
    'binding:vnic_type': port.vnicType,
    ...ownedBy(port.projectId),
    ...kept(port),
  };
}

function portDetails(port: Port) {
  return {
    name: port.name,
    network_id: port.networkId,
    mac_address: port.mac,
    admin_state_up: true,
    status: port.deviceId === '' ? 'DOWN' : 'ACTIVE',
    device_id: port.deviceId,
    device_owner: port.deviceId === '' ? '' : 'compute:nova',
  };
}

/** Without an agent that leads to it, as in the test cloud, none is ever up. */
export function floatingIpView(tables: NetworkTables, ip: FloatingIp): JsonObject {
  const port = ip.portId === null ? undefined : tables.ports.get(ip.portId);
  return {
    id: ip.id,
    description: '',
    floating_ip_address: ip.address,
    floating_network_id: ip.networkId,
    router_id: port === undefined ? null : tables.routerId,
    port_id: ip.portId,
    port_details: port === undefined ? null : portDetails(port),
    fixed_ip_address: ip.fixedAddress,
    status: 'DOWN',
    ...ownedBy(ip.projectId),
    ...kept(ip),
  };
}

/** @param listed the answer to a write says of each rule whose it is, others do not */
export function securityGroupView(group: SecurityGroup, listed = true): JsonObject {
  return {
    id: group.id,
    name: group.name,
    description: group.description,
    stateful: true,
    shared: false,
    security_group_rules: group.rules.map(({ id, direction, ethertype, remoteGroupId = null }) => ({
      id,
      direction,
      ethertype,
      description: null,
      protocol: null,
      port_range_min: null,
      port_range_max: null,
      remote_ip_prefix: null,
      remote_address_group_id: null,
      remote_group_id: remoteGroupId,
      normalized_cidr: null,
      belongs_to_default_sg: listed ? null : group.name === 'default',
      security_group_id: group.id,
      ...ownedBy(group.projectId),
      ...kept(group),
    })),
    ...ownedBy(group.projectId),
    ...kept(group),
  };
}
