/** Server groups, whose members are told to the scheduler by a hint. */
import type { Core } from '../core.ts';
import { type JsonObject, type Params, param, type Reply, type Router } from '../http.ts';
import { pythonRepr } from '../python.ts';
import { type ServerGroup, uuid } from '../state.ts';
import { mustBeMember, type NovaCall, readBody, refuse } from './call.ts';

function view({ minor }: NovaCall, group: ServerGroup): JsonObject {
  const { id, name, policy, members, projectId, userId } = group;
  if (minor < 64) {
    const owner = minor >= 13 ? { project_id: projectId, user_id: userId } : {};
    return { id, name, policies: [policy], metadata: {}, members: [...members], ...owner };
  }
  return { id, name, policy, rules: {}, members: [...members], project_id: projectId, user_id: userId };
}

function own(core: Core, call: NovaCall): ServerGroup[] {
  return [...core.state.serverGroups.values()].filter((group) => group.projectId === call.projectId);
}

function find(core: Core, call: NovaCall, params: Params): ServerGroup {
  const id = param(params, 'id');
  const group = own(core, call).find((each) => each.id === id);
  if (group === undefined) throw refuse(404, `Instance group ${id} could not be found.`);
  return group;
}

function create(core: Core, call: NovaCall): Reply {
  const modern = call.minor >= 64;
  const field = modern ? 'policy' : 'policies';
  const body = readBody(
    call.raw,
    'server_group',
    ['name', field],
    ['name', field, ...(modern ? ['rules'] : [])],
  );
  mustBeMember(call, 'os_compute_api:os-server-groups:create');
  const given = body[field];
  const policy = Array.isArray(given) ? given[0] : given;
  const known = [
    'anti-affinity',
    'affinity',
    ...(call.minor >= 15 ? ['soft-anti-affinity', 'soft-affinity'] : []),
  ];
  if (typeof policy !== 'string' || !known.includes(policy))
    throw refuse(
      400,
      `Invalid input for field/attribute ${modern ? 'policy' : '0'}. Value: ${String(policy)}. ${pythonRepr(policy)} is not one of ${pythonRepr(known)}`,
    );
  const group: ServerGroup = {
    id: uuid(),
    name: String(body['name']),
    policy,
    projectId: call.projectId,
    userId: call.token.user.id,
    members: [],
  };
  core.state.serverGroups.set(group.id, group);
  return { status: 200, json: { server_group: view(call, group) } };
}

export function serverGroupRoutes(core: Core, router: Router<NovaCall>): void {
  const one = '/v2.1/os-server-groups/:id';
  router
    .on('GET', '/v2.1/os-server-groups', (call) => ({
      status: 200,
      json: { server_groups: own(core, call).map((group) => view(call, group)) },
    }))
    .on('POST', '/v2.1/os-server-groups', (call) => create(core, call))
    .on('GET', one, (call, params) => ({
      status: 200,
      json: { server_group: view(call, find(core, call, params)) },
    }))
    .on('DELETE', one, (call, params) => {
      core.state.serverGroups.delete(find(core, call, params).id);
      return { status: 204 };
    });
}
