/** createImage: of an image-backed server a copy of its root disk, of a volume-backed one a snapshot of each volume. */

import { SparseBytes } from '../bytes.ts';
import { makeSnapshot } from '../cinder/snapshots.ts';
import { type Core, workTicks } from '../core.ts';
import { dropQueuedImage, fillImage, queueImage } from '../glance/store.ts';
import { JobFailure, Refusal, type Reply } from '../http.ts';
import { toQcow2 } from '../qcow2.ts';
import type { Image, Server, Volume } from '../state.ts';
import { beginAction, mustBeMember, type NovaCall, readBody, refuse, textOf } from './call.ts';
import { mustBeIn } from './states.ts';
import { inherited } from './system-metadata.ts';
import { checkText, metadataOf } from './words.ts';

const SNAPSHOT_STATES = ['ACTIVE', 'SHUTOFF', 'PAUSED', 'SUSPENDED'];
export async function createImage(core: Core, call: NovaCall, server: Server): Promise<Reply> {
  const body = readBody(call.raw, 'createImage', ['name'], ['name', 'metadata']);
  checkText('name', body['name'], 255);
  const words = metadataOf(body['metadata']);
  mustBeMember(call, 'os_compute_api:servers:create_image');
  const { volumeBacked } = server;
  mustBeIn(server, 'createImage', SNAPSHOT_STATES);
  const name = textOf(body['name']) ?? '';
  const own = { ...inherited(server), ...words };
  const image = volumeBacked
    ? await imageOfVolumes(core, call, server, name, own)
    : imageOfRoot(core, call, server, { name, properties: own, action: 'createImage' });
  call.created(image.id);
  if (call.minor >= 45) return { status: 202, json: { image_id: image.id } };
  return { status: 202, headers: { Location: `${call.linkOrigin}/image/images/${image.id}` } };
}

/** createImage and shelve differ in names, and in what comes after. */
interface RootImage {
  readonly name: string;
  readonly properties: Record<string, string>;
  readonly action: 'createImage' | 'shelve';
  readonly after?: (image: Image) => void;
}

const STEPS = {
  createImage: {
    event: 'compute_snapshot_instance',
    first: 'image_snapshot_pending',
    next: 'image_uploading',
  },
  shelve: { event: 'compute_shelve_instance', first: 'shelving', next: 'shelving_image_uploading' },
};

export function imageOfRoot(core: Core, call: NovaCall, server: Server, wanted: RootImage): Image {
  const { name, properties, action, after } = wanted;
  const step = STEPS[action];
  const image = queueImage(core, call.token, {
    name,
    // Unknown until the compute node has looked at the disk.
    diskFormat: null,
    containerFormat: null,
    visibility: 'private',
    protected: false,
    minDisk: core.state.flavors.get(server.flavorId)?.disk ?? 0,
    minRam: server.imageMinRam,
    properties: { ...properties, image_type: 'snapshot', instance_uuid: server.id, user_id: server.userId },
  });
  const end = beginAction(core, call, server, action, step.event);
  server.taskState = step.first;
  const root = server.root?.clone();
  call.job({
    ticks: workTicks(core, 1),
    begin: () => {
      server.taskState = step.next;
      image.status = 'saving';
      image.diskFormat = core.options.rootFormat;
      image.containerFormat = 'bare';
      Object.assign(image.properties, {
        image_location: 'snapshot',
        image_state: 'available',
        owner_id: server.projectId,
      });
    },
    done: async () => {
      if (root === undefined) throw new JobFailure('the server has no root disk');
      await fillImage(core, image, core.options.rootFormat === 'qcow2' ? toQcow2(root) : root);
      server.taskState = null;
      server.updatedAt = core.clock.now();
      after?.(image);
      end();
    },
    fail: (failure) => {
      // Nova deletes the image; only the instance action tells what was wrong.
      dropQueuedImage(core, image);
      server.taskState = null;
      end(failure.message);
    },
  });
  return image;
}

/** compute/api.py snapshot_volume_backed: the image is active at once, its snapshots may still be on their way. */
async function imageOfVolumes(
  core: Core,
  call: NovaCall,
  server: Server,
  name: string,
  properties: Record<string, string>,
): Promise<Image> {
  const { os_require_quiesce: required, hw_qemu_guest_agent: agent } = server.imageProperties;
  if (server.status === 'ACTIVE' && required === 'yes' && agent !== 'yes')
    throw refuse(400, 'QEMU guest agent is not enabled');
  const end = beginAction(core, call, server, 'createImage', 'api_snapshot_instance');
  const mappings = server.volumes.map((attached) => {
    const volume = core.state.volumes.get(attached.volumeId);
    const snapshot = snapshotFor(core, call, volume, name, end);
    return {
      // Known for what the server was started with, not for what was attached later.
      disk_bus: attached.bootIndex === null ? null : 'virtio',
      device_name: attached.device,
      snapshot_id: snapshot,
      device_type: attached.bootIndex === null ? null : 'disk',
      volume_type: null,
      tag: null,
      encryption_format: null,
      boot_index: attached.bootIndex,
      destination_type: 'volume',
      volume_id: null,
      volume_size: volume?.size ?? 0,
      encrypted: null,
      encryption_secret_uuid: null,
      image_id: null,
      guest_format: null,
      source_type: 'snapshot',
      delete_on_termination: attached.deleteOnTermination,
      no_device: null,
      encryption_options: null,
    };
  });
  const image = queueImage(core, call.token, {
    name,
    diskFormat: 'raw',
    containerFormat: 'bare',
    visibility: 'private',
    protected: false,
    minDisk: core.state.volumes.get(server.volumes[0]?.volumeId ?? '')?.size ?? 0,
    minRam: server.imageMinRam,
    properties: {
      ...properties,
      root_device_name: server.volumes[0]?.device ?? '/dev/vda',
      block_device_mapping: JSON.stringify(mappings),
      bdm_v2: 'True',
    },
  });
  // Nova uploads nothing at all, so there is a digest, that of nothing.
  await fillImage(core, image, new SparseBytes(0));
  end();
  return image;
}

/** The loop over the volumes cleans nothing up: what was made before a failure stays. */
function snapshotFor(
  core: Core,
  call: NovaCall,
  volume: Volume | undefined,
  name: string,
  end: (error?: string) => void,
): string {
  try {
    return makeSnapshot(core, call, volume?.id ?? '', {
      name: `snapshot for ${name}`,
      description: volume?.description ?? null,
      metadata: {},
    }).id;
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    end(error.message);
    throw refuse(error.reply.status === 413 ? 403 : 500, error.message.replace(/^\w+: /, ''));
  }
}
