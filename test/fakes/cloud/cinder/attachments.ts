/** Attachments, from 3.27: what servers have of the project's volumes, and what they are still to get. */
import type { Core } from '../core.ts';
import { type JsonObject, type Params, param, type Reply, type Router } from '../http.ts';
import { type CinderCall, fault, missing, mustBeMember, refuse } from './call.ts';

function rows(core: Core, call: CinderCall): JsonObject[] {
  const volumes = [...core.state.volumes.values()].filter(({ projectId }) => projectId === call.projectId);
  return volumes.flatMap((volume) => [
    ...volume.attachments.map(({ attachmentId, serverId }) => ({
      id: attachmentId,
      status: 'attached',
      instance: serverId,
      volume_id: volume.id,
    })),
    ...[...core.state.reservations.values()]
      .filter(({ volumeId }) => volumeId === volume.id)
      .map(({ id, serverId }) => ({ id, status: 'reserved', instance: serverId, volume_id: volume.id })),
  ]);
}

function list(core: Core, call: CinderCall): Reply {
  const wanted = call.query.get('volume_id');
  const attachments = rows(core, call).filter((row) => wanted === null || row['volume_id'] === wanted);
  return { status: 200, json: { attachments } };
}

function remove(core: Core, call: CinderCall, params: Params): Reply {
  mustBeMember(call, 'volume:attachment_delete');
  const id = param(params, 'id');
  const row = rows(core, call).find((each) => each['id'] === id);
  if (row === undefined) throw missing('Volume attachment', id);
  const volume = core.state.volumes.get(String(row['volume_id']));
  if (row['status'] !== 'reserved' || volume === undefined)
    throw refuse(409, `Detach volume from instance ${row['instance']} using the Compute API`);
  core.state.reservations.delete(id);
  volume.status = 'available';
  return { status: 200, json: { attachments: [] } };
}

export function attachmentRoutes(core: Core, router: Router<CinderCall>): void {
  const since27 = (call: CinderCall, run: () => Reply): Reply =>
    call.minor < 27 ? fault(404, 'The resource could not be found.') : run();
  router
    .on('GET', '/attachments', (call) => since27(call, () => list(core, call)))
    .on('DELETE', '/attachments/:id', (call, params) => since27(call, () => remove(core, call, params)));
}
