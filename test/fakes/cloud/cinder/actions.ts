/** POST /volumes/{id}/action. */

import { isoMicros } from '../clock.ts';
import { type Core, workTicks } from '../core.ts';
import { deviceBytes } from '../devices.ts';
import { dropQueuedImage, fillImage, queueImage } from '../glance/store.ts';
import { isObject, JobFailure, type JsonObject, parseJson, Refusal, type Reply } from '../http.ts';
import { cloneKey, KeyManagerError } from '../keys.ts';
import type { Image, Volume } from '../state.ts';
import { type CinderCall, fault, mustBeMember, refuse, SERVER_ERROR } from './call.ts';
import { findVolume, touch } from './find.ts';
import { say } from './messages.ts';
import { reserveGigabytes } from './quota.ts';
import { bool, imagePairs, oneOf, pairsOf, readBody, size, text, textOf, truth } from './schema.ts';

/** Empty, and yet said to be JSON. */
const EMPTY = { headers: { 'Content-Type': 'application/json' } };

type Action = (core: Core, call: CinderCall, volume: () => Volume) => Reply;

function setBootable(core: Core, call: CinderCall, find: () => Volume): Reply {
  const body = readBody(call.raw, 'os-set_bootable', {
    fields: { bootable: bool },
    required: ['bootable'],
    strict: true,
  });
  const volume = find();
  mustBeMember(call, 'volume:update');
  volume.bootable = truth(body['bootable']);
  touch(core, volume);
  return { status: 200, ...EMPTY };
}

function setImageMetadata(_core: Core, call: CinderCall, find: () => Volume): Reply {
  const body = readBody(call.raw, 'os-set_image_metadata', {
    fields: { metadata: imagePairs },
    required: ['metadata'],
    strict: true,
  });
  const volume = find();
  mustBeMember(call, 'volume_extension:volume_image_metadata:set');
  if (volume.status === 'uploading') {
    throw refuse(
      400,
      'Invalid volume: Updating volume metadata is not allowed for volumes in uploading status.',
    );
  }
  volume.imageMetadata = { ...volume.imageMetadata, ...pairsOf(body['metadata']) };
  return { status: 200, json: { metadata: { ...volume.imageMetadata } } };
}

function unsetImageMetadata(_core: Core, call: CinderCall, find: () => Volume): Reply {
  const body = readBody(call.raw, 'os-unset_image_metadata', {
    fields: { key: text(255, 1, false) },
    required: ['key'],
    strict: true,
  });
  const volume = find();
  mustBeMember(call, 'volume_extension:volume_image_metadata:remove');
  const key = String(body['key']);
  if (volume.imageMetadata?.[key] === undefined) {
    throw refuse(404, `Glance metadata for volume/snapshot ${volume.id} cannot be found.`);
  }
  delete volume.imageMetadata[key];
  return { status: 200, headers: { 'Content-Type': 'text/html; charset=UTF-8' } };
}

function extend(core: Core, call: CinderCall, find: () => Volume): Reply {
  const body = readBody(call.raw, 'os-extend', {
    fields: { new_size: size },
    required: ['new_size'],
    strict: true,
  });
  const volume = find();
  mustBeMember(call, 'volume:extend');
  const wanted = Number(body['new_size']);
  if (wanted <= volume.size) {
    throw refuse(
      400,
      `Invalid input received: New size for extend must be greater than current size. (current: ${volume.size}, extended: ${wanted}).`,
    );
  }
  const expected = call.minor >= 42 && volume.status === 'in-use' ? 'in-use' : 'available';
  if (volume.status !== expected) {
    throw refuse(
      400,
      `Invalid volume: Volume ${volume.id} status must be '{'status': '${expected}'}' to extend, currently ${volume.status}.`,
    );
  }
  reserveGigabytes(core, call.projectId, wanted - volume.size);
  volume.previousStatus = volume.status;
  volume.status = 'extending';
  touch(core, volume);
  call.job({
    ticks: 2,
    done: () => {
      volume.size = wanted;
      volume.data.resize(
        Math.max(volume.data.size, deviceBytes(core, wanted, volume.encryptionKeyId !== null)),
      );
      volume.status = volume.previousStatus ?? 'available';
      touch(core, volume);
    },
    fail: (failure) => {
      volume.status = 'error_extending';
      say(core, call, {
        resourceType: 'VOLUME',
        resourceUuid: volume.id,
        action: '007',
        detail: failure.detail ?? '010',
      });
    },
  });
  return { status: 202, ...EMPTY };
}

function uploadFields(minor: number) {
  return {
    image_name: text(255, 1, false),
    force: bool,
    disk_format: oneOf('raw', 'vmdk', 'vdi', 'qcow2', 'vhd', 'vhdx', 'ploop'),
    container_format: text(),
    ...(minor >= 1 ? { visibility: oneOf('community', 'public', 'private', 'shared'), protected: bool } : {}),
  };
}

/** The caller's key is cloned before anything else is looked at: a refusal below leaks the clone. */
function keyForImage(core: Core, call: CinderCall, volume: Volume): Record<string, string> {
  if (volume.encryptionKeyId === null) return {};
  try {
    return {
      cinder_encryption_key_id: cloneKey(core, call.token, volume.encryptionKeyId).id,
      cinder_encryption_key_deletion_policy: 'on_image_deletion',
    };
  } catch (error) {
    // castellan's error has no code, so it becomes a bare 500.
    if (error instanceof KeyManagerError) throw refuse(500, SERVER_ERROR);
    throw error;
  }
}

/** glance_core_properties, and the name spaces that Cinder filters out. */
const NOT_INHERITED = [
  'checksum',
  'container_format',
  'disk_format',
  'image_name',
  'image_id',
  'min_disk',
  'min_ram',
  'name',
  'size',
];
const RESERVED = ['os_glance', 'img_signature', 'signature_verified'];

function inherited(core: Core, volume: Volume): Record<string, string> {
  const reserved = core.options.notesInherited ? [] : RESERVED;
  const entries = Object.entries(volume.imageMetadata ?? {});
  return Object.fromEntries(
    entries.filter(
      ([key]) => !NOT_INHERITED.includes(key) && !reserved.some((space) => key.startsWith(space)),
    ),
  );
}

function makeUploadImage(
  core: Core,
  call: CinderCall,
  volume: Volume,
  body: JsonObject,
  own: Record<string, string>,
): Image {
  try {
    return queueImage(core, call.token, {
      name: String(body['image_name']),
      diskFormat: textOf(body['disk_format']) ?? 'raw',
      containerFormat: textOf(body['container_format']) ?? 'bare',
      visibility: call.minor >= 1 ? (textOf(body['visibility']) ?? 'private') : 'shared',
      protected: truth(body['protected']),
      properties: { ...inherited(core, volume), ...own },
    });
  } catch (error) {
    // Whatever Glance said becomes a 400 here.
    if (error instanceof Refusal) throw refuse(400, error.message);
    throw error;
  }
}

function upload(core: Core, call: CinderCall, find: () => Volume): Reply {
  const body = readBody(call.raw, 'os-volume_upload_image', {
    fields: uploadFields(call.minor),
    required: ['image_name'],
    strict: true,
  });
  const volume = find();
  mustBeMember(call, 'volume_extension:volume_actions:upload_image');
  const encrypted = volume.encryptionKeyId !== null;
  const format = textOf(body['disk_format']) ?? 'raw';
  const container = textOf(body['container_format']) ?? 'bare';
  if (encrypted && (format !== 'raw' || container !== 'bare')) {
    throw refuse(
      400,
      "An encrypted volume uploaded as an image must use 'raw' disk_format and 'bare' container_format, which are the defaults for these options.",
    );
  }
  const own = keyForImage(core, call, volume);
  if (call.minor >= 1 && body['visibility'] === 'public') {
    throw refuse(403, "Policy doesn't allow volume_extension:volume_actions:upload_public to be performed.");
  }
  // enable_force_upload is false by default, and `force` then means nothing.
  if (volume.status !== 'available') {
    throw refuse(400, `Invalid volume: Volume ${volume.id} status must be available`);
  }
  const hasMetadata = Object.keys(volume.imageMetadata ?? {}).length > 0;
  if (core.options.emptyPropertiesFail && hasMetadata && Object.keys(inherited(core, volume)).length === 0)
    throw refuse(
      400,
      "Invalid image metadata. Error: Unable to set 'properties' to '{}'. Reason: {} is not of type 'string'",
    );
  const image = makeUploadImage(core, call, volume, body, own);
  const updatedBefore = volume.updatedAt;
  startUpload(core, call, volume, image);
  return {
    status: 202,
    json: { 'os-volume_upload_image': uploadAnswer(core, call, volume, image, updatedBefore) },
  };
}

function uploadAnswer(
  core: Core,
  call: CinderCall,
  volume: Volume,
  image: Image,
  updated: Date | null,
): JsonObject {
  const type = core.state.types.get(volume.typeId);
  return {
    id: volume.id,
    updated_at: updated === null ? null : isoMicros(updated),
    status: 'uploading',
    display_description: volume.description,
    size: volume.size,
    volume_type:
      type === undefined
        ? null
        : {
            id: type.id,
            name: type.name,
            description: type.description,
            is_public: true,
            extra_specs: { ...type.extraSpecs },
            qos_specs_id: null,
            created_at: isoMicros(volume.createdAt),
            updated_at: null,
            deleted_at: null,
            deleted: false,
          },
    image_id: image.id,
    container_format: image.containerFormat,
    disk_format: image.diskFormat,
    image_name: image.name,
    ...(call.minor >= 1 ? { protected: image.protected, visibility: image.visibility } : {}),
  };
}

function startUpload(core: Core, call: CinderCall, volume: Volume, image: Image): void {
  call.created(image.id);
  volume.previousStatus = volume.status;
  volume.status = 'uploading';
  touch(core, volume);
  const back = (): void => {
    // volume_update_status_based_on_attachment
    volume.status = volume.attachments.length > 0 ? 'in-use' : 'available';
    touch(core, volume);
  };
  call.job({
    ticks: workTicks(core, volume.size),
    begin: () => {
      image.status = 'saving';
    },
    done: async () => {
      const data = volume.data.clone();
      if (!core.state.images.has(image.id)) throw new JobFailure('the image is gone', '004');
      await fillImage(core, image, data);
      back();
    },
    fail: (failure) => {
      // Cinder deletes the image it could not fill: the client sees 404. Its key stays behind in Barbican.
      dropQueuedImage(core, image);
      say(core, call, {
        resourceType: 'VOLUME',
        resourceUuid: volume.id,
        action: '003',
        detail: failure.detail ?? '004',
      });
      back();
    },
  });
}

const ACTIONS: Record<string, Action> = {
  'os-set_bootable': setBootable,
  'os-set_image_metadata': setImageMetadata,
  'os-unset_image_metadata': unsetImageMetadata,
  'os-show_image_metadata': (_core, _call, find) => ({
    status: 200,
    json: { metadata: { ...find().imageMetadata } },
  }),
  'os-extend': extend,
  'os-volume_upload_image': upload,
  'os-update_readonly_flag': (_core, call, find) => {
    readBody(call.raw, 'os-update_readonly_flag', {
      fields: { readonly: bool },
      required: ['readonly'],
      strict: true,
    });
    find();
    return { status: 202, ...EMPTY };
  },
};

const ADMIN_ACTIONS: Record<string, string> = {
  'os-reset_status': 'volume_extension:volume_admin_actions:reset_status',
  'os-force_delete': 'volume_extension:volume_admin_actions:force_delete',
  'os-force_detach': 'volume_extension:volume_admin_actions:force_detach',
  'os-migrate_volume': 'volume_extension:volume_admin_actions:migrate_volume',
};

/** The one key of an action's body. */
export function actionName(raw: Buffer): string {
  const body = raw.length === 0 ? undefined : parseJson(raw);
  const names = isObject(body) ? Object.keys(body) : [];
  const [name] = names;
  if (name === undefined || names.length !== 1) throw refuse(400, 'Malformed request body');
  return name;
}

export function noSuchAction(name: string): Reply {
  return fault(
    400,
    `There is no such action: ${name}. Verify the request body and Content-Type header and try again.`,
  );
}

export function volumeAction(core: Core, call: CinderCall, id: string): Reply {
  const name = actionName(call.raw);
  const adminPolicy = ADMIN_ACTIONS[name];
  if (adminPolicy !== undefined) {
    findVolume(core, call, id);
    throw refuse(403, `Policy doesn't allow ${adminPolicy} to be performed.`);
  }
  const action = ACTIONS[name];
  return action === undefined ? noSuchAction(name) : action(core, call, () => findVolume(core, call, id));
}
