/** Security groups as a user makes and removes them, and the quota of a project, by Neutron's API reference. */
import type { Core } from '../core.ts';
import { type AuthedCall, type Params, param, type Reply } from '../http.ts';
import { uuid } from '../state.ts';
import { bodyOf, mustBeMember, refuse, textOf } from './call.ts';
import type { NetworkTables, SecurityGroup } from './tables.ts';
import { securityGroupView } from './views.ts';

/** Neutron's own defaults. */
const QUOTA = { port: 500, security_group: 10 };

function findGroup(tables: NetworkTables, call: AuthedCall, params: Params): SecurityGroup {
  const id = param(params, 'id');
  const group = tables.securityGroups.get(id);
  if (group === undefined || group.projectId !== call.projectId)
    throw refuse(404, 'SecurityGroupNotFound', `Security group ${id} does not exist`);
  return group;
}

function own<T extends { projectId: string }>(rows: Map<string, T>, call: AuthedCall): T[] {
  return [...rows.values()].filter(({ projectId }) => projectId === call.projectId);
}

/** It lets everything out. */
export function createGroup(core: Core, call: AuthedCall): Reply {
  const { network: tables } = core.state;
  const body = bodyOf(call, 'security_group');
  mustBeMember(call, 'create_security_group');
  if (own(tables.securityGroups, call).length >= QUOTA.security_group)
    throw refuse(409, 'OverQuota', "Quota exceeded for resources: ['security_group'].");
  const group: SecurityGroup = {
    id: uuid(),
    name: textOf(body['name']) ?? '',
    description: textOf(body['description']) ?? '',
    projectId: call.projectId,
    rules: (['IPv4', 'IPv6'] as const).map((ethertype) => ({ id: uuid(), direction: 'egress', ethertype })),
    createdAt: core.clock.now(),
  };
  tables.securityGroups.set(group.id, group);
  call.created(group.id);
  return { status: 201, json: { security_group: securityGroupView(group) } };
}

/** Of what a user may change, the description only. */
export function updateGroup(core: Core, call: AuthedCall, params: Params): Reply {
  const group = findGroup(core.state.network, call, params);
  mustBeMember(call, 'update_security_group');
  group.description = textOf(bodyOf(call, 'security_group')['description']) ?? '';
  return { status: 200, json: { security_group: securityGroupView(group) } };
}

export function deleteGroup(core: Core, call: AuthedCall, params: Params): Reply {
  const { network: tables } = core.state;
  const group = findGroup(tables, call, params);
  mustBeMember(call, 'delete_security_group');
  if ([...tables.ports.values()].some(({ securityGroups }) => securityGroups.includes(group.id)))
    throw refuse(409, 'SecurityGroupInUse', `Security Group ${group.id} in use.`);
  tables.securityGroups.delete(group.id);
  return { status: 204 };
}

export function deleteRule(core: Core, call: AuthedCall, params: Params): Reply {
  const id = param(params, 'id');
  const home = own(core.state.network.securityGroups, call).find(({ rules }) =>
    rules.some((rule) => rule.id === id),
  );
  if (home === undefined)
    throw refuse(404, 'SecurityGroupRuleNotFound', `Security group rule ${id} does not exist`);
  mustBeMember(call, 'delete_security_group_rule');
  home.rules = home.rules.filter((rule) => rule.id !== id);
  return { status: 204 };
}

export function quotaDetails(core: Core, call: AuthedCall, params: Params): Reply {
  if (param(params, 'id') !== call.projectId)
    throw refuse(403, 'PolicyNotAuthorized', 'rule:get_quota is disallowed by policy');
  const { ports, securityGroups } = core.state.network;
  const line = (limit: number, used: number) => ({ limit, used, reserved: 0 });
  return {
    status: 200,
    json: {
      quota: {
        port: line(QUOTA.port, own(ports, call).length),
        security_group: line(QUOTA.security_group, own(securityGroups, call).length),
      },
    },
  };
}
