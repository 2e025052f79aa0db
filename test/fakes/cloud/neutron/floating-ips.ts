/** Floating IPs: made, given to ports, and taken away. */
import type { Core } from '../core.ts';
import { type AuthedCall, type Params, param, type Reply } from '../http.ts';
import { uuid } from '../state.ts';
import { freeAddress } from './addresses.ts';
import { bodyOf, mustBeMember, refuse, textOf } from './call.ts';
import type { FloatingIp } from './tables.ts';
import { floatingIpView } from './views.ts';

function find(core: Core, call: AuthedCall, params: Params): FloatingIp {
  const id = param(params, 'id');
  const ip = core.state.network.floatingIps.get(id);
  if (ip === undefined || ip.projectId !== call.projectId)
    throw refuse(404, 'FloatingIPNotFound', `Floating IP ${id} could not be found`);
  return ip;
}

export function createFloatingIp(core: Core, call: AuthedCall): Reply {
  const tables = core.state.network;
  const body = bodyOf(call, 'floatingip');
  mustBeMember(call, 'create_floatingip');
  const networkId = textOf(body['floating_network_id']) ?? '';
  const [subnet] = tables.subnetsOf(networkId);
  if (tables.networks.get(networkId)?.external !== true || subnet === undefined)
    throw refuse(404, 'NetworkNotFound', `Network ${networkId} could not be found.`);
  const ip: FloatingIp = {
    id: uuid(),
    projectId: call.projectId,
    networkId,
    address: freeAddress(tables, subnet),
    portId: null,
    fixedAddress: null,
    createdAt: core.clock.now(),
  };
  tables.floatingIps.set(ip.id, ip);
  call.created(ip.id);
  return { status: 201, json: { floatingip: floatingIpView(tables, ip) } };
}

/** Neutron moves one that another port has without a word. */
export function updateFloatingIp(core: Core, call: AuthedCall, params: Params): Reply {
  const tables = core.state.network;
  const ip = find(core, call, params);
  mustBeMember(call, 'update_floatingip');
  const portId = textOf(bodyOf(call, 'floatingip')['port_id']);
  if (portId === null) Object.assign(ip, { portId: null, fixedAddress: null });
  else {
    const port = tables.ports.get(portId);
    if (port === undefined || port.projectId !== call.projectId)
      throw refuse(404, 'PortNotFound', `Port ${portId} could not be found.`);
    const [first] = port.fixedIps;
    if (first === undefined)
      throw refuse(
        400,
        'BadRequest',
        `Bad floatingip request: Cannot add floating IP to port ${portId} that has no fixed IPv4 addresses.`,
      );
    Object.assign(ip, { portId, fixedAddress: first.address });
  }
  return { status: 200, json: { floatingip: floatingIpView(tables, ip) } };
}

export function deleteFloatingIp(core: Core, call: AuthedCall, params: Params): Reply {
  const ip = find(core, call, params);
  mustBeMember(call, 'delete_floatingip');
  core.state.network.floatingIps.delete(ip.id);
  return { status: 204 };
}
