import { field, id, type Json, list, optionalText } from '../../../decode.ts';
import type { ServiceClient } from '../../connection.ts';
import { nothing } from '../../service.ts';
import { collection } from './pages.ts';

// https://docs.openstack.org/api-ref/network/v2/#security-groups-security-groups

export interface SecurityGroup {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  /** Ids. */
  readonly rules: readonly string[];
  /** Empty if the cloud does not tell. */
  readonly createdAt: string;
}

const groupUrl = (groupId: string) => `/security-groups/${encodeURIComponent(groupId)}`;

export function listSecurityGroups(
  client: ServiceClient,
  filter: { readonly name?: string } = {},
): AsyncGenerator<SecurityGroup[]> {
  const query = { name: filter.name };
  return collection(client, 'security groups', '/security-groups', 'security_groups', query, decodeGroup);
}

/** @throws CloudError 404 when there is none with this id in the project */
export function getSecurityGroup(client: ServiceClient, groupId: string): Promise<SecurityGroup> {
  return client.call({
    doing: `read security group ${groupId}`,
    method: 'GET',
    path: groupUrl(groupId),
    ok: [200],
    decode: (answer) => decodeGroup(field(answer, 'security_group')),
  });
}

/** Neutron gives it rules that let everything out. */
export function createSecurityGroup(
  client: ServiceClient,
  group: { readonly name: string; readonly description: string },
): Promise<SecurityGroup> {
  return client.call({
    doing: `create security group ${group.name}`,
    method: 'POST',
    path: '/security-groups',
    json: { security_group: group },
    ok: [201],
    decode: (answer) => decodeGroup(field(answer, 'security_group')),
  });
}

export function describeSecurityGroup(
  client: ServiceClient,
  groupId: string,
  description: string,
): Promise<void> {
  return client.call({
    doing: `describe security group ${groupId}`,
    method: 'PUT',
    path: groupUrl(groupId),
    json: { security_group: { description } },
    ok: [200],
    decode: nothing,
  });
}

/** @throws CloudError 409 while a port has it */
export function deleteSecurityGroup(client: ServiceClient, groupId: string): Promise<void> {
  return client.call({
    doing: `delete security group ${groupId}`,
    method: 'DELETE',
    path: groupUrl(groupId),
    ok: [204, 404],
    decode: nothing,
  });
}

export function deleteSecurityGroupRule(client: ServiceClient, ruleId: string): Promise<void> {
  return client.call({
    doing: `delete security group rule ${ruleId}`,
    method: 'DELETE',
    path: `/security-group-rules/${encodeURIComponent(ruleId)}`,
    ok: [204, 404],
    decode: nothing,
  });
}

function decodeGroup(group: Json): SecurityGroup {
  return {
    id: id(group, 'id'),
    name: optionalText(group, 'name') ?? '',
    description: optionalText(group, 'description') ?? '',
    rules:
      group['security_group_rules'] === undefined
        ? []
        : list(group, 'security_group_rules', (rule) => id(rule, 'id')),
    createdAt: optionalText(group, 'created_at') ?? '',
  };
}
