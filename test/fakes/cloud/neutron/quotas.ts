/** The quota of a project, and what it uses. */
import type { Core } from '../core.ts';
import { type AuthedCall, type Params, param, type Reply } from '../http.ts';
import { refuse } from './call.ts';

/** Neutron's own defaults; -1: as many as one likes. */
export const QUOTA = {
  network: 100,
  subnet: 100,
  subnetpool: -1,
  port: 500,
  router_route: 30,
  router: 10,
  floatingip: 50,
  rbac_policy: 10,
  security_group: 10,
  security_group_rule: 100,
};

export function own<T extends { projectId: string }>(rows: Map<string, T>, call: AuthedCall): T[] {
  return [...rows.values()].filter(({ projectId }) => projectId === call.projectId);
}

export function quotaDetails(core: Core, call: AuthedCall, params: Params): Reply {
  if (param(params, 'id') !== call.projectId)
    throw refuse(
      403,
      'AdminRequired',
      'User does not have admin privileges: Only admin is authorized to access quotas for another project.',
    );
  const { networks, subnets, ports, floatingIps, securityGroups } = core.state.network;
  const groups = own(securityGroups, call);
  const used: Readonly<Record<string, number>> = {
    network: own(networks, call).length,
    subnet: own(subnets, call).length,
    port: own(ports, call).length,
    floatingip: own(floatingIps, call).length,
    security_group: groups.length,
    security_group_rule: groups.flatMap(({ rules }) => rules).length,
  };
  return {
    status: 200,
    json: {
      quota: Object.fromEntries(
        Object.entries(QUOTA).map(([name, limit]) => [name, { limit, used: used[name] ?? 0, reserved: 0 }]),
      ),
    },
  };
}
