/** Rebuild: the root disk anew from an image, with that image's properties from then on. Seen on a 2026.2 Nova. */
import { imageOnDevice } from '../cinder/create.ts';
import { type Core, workTicks } from '../core.ts';
import { volumeImageMetadata } from '../glance/for-cinder.ts';
import type { JsonObject, Reply } from '../http.ts';
import type { Image, Server, Volume } from '../state.ts';
import { beginAction, checkUuid, mustBeMember, type NovaCall, readBody, refuse, textOf } from './call.ts';
import { imageOf, rootDisk } from './create.ts';
import { countCleaning } from './shelve.ts';
import { mustBeIn } from './states.ts';
import { addHardware, keptOfImage } from './system-metadata.ts';
import { serverDetail } from './views.ts';
import { metadataOf } from './words.ts';

function rootVolume(core: Core, server: Server): Volume | undefined {
  const root = server.volumes.find(({ bootIndex }) => bootIndex === 0);
  return server.volumeBacked ? core.state.volumes.get(root?.volumeId ?? '') : undefined;
}

function checkImage(call: NovaCall, image: Image, root: Volume | undefined): void {
  // The root volume is written anew since 2.93 only.
  if (root !== undefined && call.minor < 93 && root.imageMetadata?.['image_id'] !== image.id) {
    throw refuse(
      400,
      `Image ${image.id} is unacceptable: Unable to rebuild with a different image for a volume-backed server.`,
    );
  }
}

function change(server: Server, body: JsonObject): void {
  server.name = textOf(body['name']) ?? server.name;
  if (body['metadata'] !== undefined) server.metadata = metadataOf(body['metadata']);
}

export function rebuild(core: Core, call: NovaCall, server: Server): Reply {
  const body = readBody(call.raw, 'rebuild', ['imageRef']);
  mustBeMember(call, 'os_compute_api:servers:rebuild');
  mustBeIn(server, 'rebuild', ['ACTIVE', 'SHUTOFF', 'ERROR']);
  const id = checkUuid('imageRef', body['imageRef']);
  const image = core.state.images.has(id) ? imageOf(core, call, id) : null;
  if (image === null) throw refuse(400, 'Cannot find image for rebuild');
  const root = rootVolume(core, server);
  checkImage(call, image, root);
  const before = server.status;
  change(server, body);
  if (root === undefined) server.imageId = image.id;
  Object.assign(server, keptOfImage(image));
  server.imageProperties['base_image_ref'] = image.id;
  server.status = 'REBUILD';
  server.taskState = 'rebuilding';
  const end = beginAction(core, call, server, 'rebuild', 'rebuild_server');
  call.job({
    ticks: workTicks(core, 1),
    done: () => {
      countCleaning(server);
      addHardware(server);
      if (root === undefined) server.root = rootDisk(core, server, image);
      else if (call.minor >= 93) reimage(core, root, image);
      server.status = before === 'SHUTOFF' ? before : 'ACTIVE';
      server.taskState = null;
      server.updatedAt = core.clock.now();
      end();
    },
    fail: (failure) => {
      server.status = 'ERROR';
      server.taskState = null;
      server.fault = { code: 500, message: failure.message, created: core.clock.now() };
      end(failure.message);
    },
  });
  const { security_groups: _groups, ...view } = serverDetail(core, call, server);
  const more = call.minor >= 57 ? { user_data: null } : {};
  return { status: 202, json: { server: { ...view, adminPass: 'bzLwYhaM6wVm', ...more } } };
}

/** Cinder's os-reimage. */
function reimage(core: Core, root: Volume, image: Image): void {
  const bytes = image.data;
  if (bytes === null) return;
  root.data = imageOnDevice(core, root, image, bytes);
  const { signature_verified: _, ...metadata } = volumeImageMetadata(image);
  root.imageMetadata = metadata;
  root.updatedAt = core.clock.now();
}
