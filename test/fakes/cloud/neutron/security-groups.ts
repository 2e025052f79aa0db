/** Security groups as a user makes and removes them. */
import type { Core } from '../core.ts';
import { type AuthedCall, type Params, param, type Reply } from '../http.ts';
import { uuid } from '../state.ts';
import { bodyOf, mustBeMember, refuse, textOf } from './call.ts';
import { notFound } from './lists.ts';
import { own, QUOTA } from './quotas.ts';
import type { NetworkTables, SecurityGroup } from './tables.ts';
import { securityGroupView } from './views.ts';

function findGroup(tables: NetworkTables, call: AuthedCall, params: Params): SecurityGroup {
  const id = param(params, 'id');
  const group = tables.securityGroups.get(id);
  if (group === undefined || group.projectId !== call.projectId) throw notFound('security-groups', id);
  return group;
}

/** What Neutron gives to every new one: it lets everything out. */
export function newRules(): SecurityGroup['rules'] {
  return (['IPv4', 'IPv6'] as const).map((ethertype) => ({ id: uuid(), direction: 'egress', ethertype }));
}

export function createGroup(core: Core, call: AuthedCall): Reply {
  const { network: tables } = core.state;
  const body = bodyOf(call, 'security_group');
  mustBeMember(call, 'create_security_group');
  const name = textOf(body['name']) ?? '';
  if (name === 'default')
    throw refuse(409, 'SecurityGroupDefaultAlreadyExists', 'Default security group already exists.');
  if (own(tables.securityGroups, call).length >= QUOTA.security_group)
    throw refuse(409, 'OverQuota', "Quota exceeded for resources: ['security_group'].");
  const group: SecurityGroup = {
    id: uuid(),
    name,
    description: textOf(body['description']) ?? '',
    projectId: call.projectId,
    rules: newRules(),
    createdAt: core.clock.now(),
  };
  tables.securityGroups.set(group.id, group);
  call.created(group.id);
  return { status: 201, json: { security_group: securityGroupView(group, false) } };
}

/** Of what a user may change, the description only. */
export function updateGroup(core: Core, call: AuthedCall, params: Params): Reply {
  const group = findGroup(core.state.network, call, params);
  mustBeMember(call, 'update_security_group');
  group.description = textOf(bodyOf(call, 'security_group')['description']) ?? '';
  return { status: 200, json: { security_group: securityGroupView(group, false) } };
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

/** Neutron hides the rule of another project before it looks for the rule. */
export function deleteRule(core: Core, call: AuthedCall, params: Params): Reply {
  const id = param(params, 'id');
  const home = [...core.state.network.securityGroups.values()].find(({ rules }) =>
    rules.some((rule) => rule.id === id),
  );
  if (home === undefined)
    throw refuse(404, 'SecurityGroupRuleNotFound', `Security group rule ${id} does not exist`);
  if (home.projectId !== call.projectId)
    throw refuse(404, 'HTTPNotFound', 'The resource could not be found.');
  mustBeMember(call, 'delete_security_group_rule');
  home.rules = home.rules.filter((rule) => rule.id !== id);
  return { status: 204 };
}
