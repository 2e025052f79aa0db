/** Floating IPs: given to ports, and taken away. */
import type { Core } from '../core.ts';
import { type AuthedCall, type Params, param, type Reply } from '../http.ts';
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
  return { status: 200, json: { floatingip: floatingIpView(ip) } };
}
