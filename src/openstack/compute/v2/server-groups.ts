import { field, id, type Json, optionalText, text } from '../../../decode.ts';
import type { ServiceClient } from '../../connection.ts';
import { itemsOf } from '../../items.ts';

// https://docs.openstack.org/api-ref/compute/#server-groups-os-server-groups

export interface ServerGroup {
  readonly id: string;
  readonly name: string;
  /** `affinity`, `anti-affinity`, `soft-affinity` or `soft-anti-affinity`. */
  readonly policy: string | undefined;
  /** Ids of servers. */
  readonly members: readonly string[];
}

/** The project's server groups; Nova pages by offset, and a project has few (10 by default). */
export function listServerGroups(client: ServiceClient): Promise<ServerGroup[]> {
  return client.call({
    doing: 'list the server groups',
    method: 'GET',
    path: '/os-server-groups',
    ok: [200],
    decode: (answer) => itemsOf(client, answer, 'server_groups', 'server group', decodeGroup).items,
  });
}

/** From 2.64 one policy, before a list of one. */
export function createServerGroup(
  client: ServiceClient,
  group: { readonly name: string; readonly policy: string },
): Promise<ServerGroup> {
  const { name, policy } = group;
  return client.call({
    doing: `create server group ${name}`,
    method: 'POST',
    path: '/os-server-groups',
    json: { server_group: client.supports('2.64') ? { name, policy } : { name, policies: [policy] } },
    ok: [200],
    decode: (answer) => decodeGroup(field(answer, 'server_group')),
  });
}

function decodeGroup(group: Json): ServerGroup {
  const policies = group['policies'];
  const members = group['members'];
  return {
    id: id(group, 'id'),
    name: text(group, 'name'),
    policy:
      optionalText(group, 'policy') ??
      (Array.isArray(policies) && typeof policies[0] === 'string' ? policies[0] : undefined),
    members: Array.isArray(members) ? members.filter((member) => typeof member === 'string') : [],
  };
}
