/** What Cinder asks of images, and the way in which it says no. */
import type { Core } from '../core.ts';
import { Refusal } from '../http.ts';
import { type Image, isUuid, type Token } from '../state.ts';
import { mayRead } from './find.ts';

/** Cinder's `_image_uuid_from_ref`: an id, or the end of an URL, or a name that only one image has. */
export function imageByRef(core: Core, token: Token, ref: string): Image {
  const tail = ref.split('/').at(-1) ?? '';
  const byId = isUuid(tail) ? core.state.images.get(tail) : undefined;
  if (byId !== undefined && mayRead(byId, token)) return byId;
  const named = [...core.state.images.values()].filter(
    (image) => image.name === ref && mayRead(image, token),
  );
  const [only] = named;
  if (named.length > 1) {
    throw cinderRefusal(
      409,
      'conflictingRequest',
      `Multiple matches found for '${ref}', use an ID to be more specific.`,
    );
  }
  if (only === undefined) {
    throw cinderRefusal(400, 'badRequest', 'Invalid image identifier or unable to access requested image.');
  }
  return only;
}

function cinderRefusal(code: number, name: string, message: string): Refusal {
  return new Refusal({ status: code, json: { [name]: { code, message } } }, message);
}

/** The boot snapshot inside a zero-size image of a volume-backed server. */
export function snapshotOfImage(image: Image): string | undefined {
  const mapping = image.properties['block_device_mapping'];
  if (mapping === undefined) return undefined;
  const devices = JSON.parse(mapping) as {
    source_type?: string;
    boot_index?: number;
    snapshot_id?: string;
  }[];
  return devices.find((device) => device.source_type === 'snapshot' && device.boot_index === 0)?.snapshot_id;
}

/** volume_utils.get_volume_image_metadata: what a volume remembers of its image. */
export function volumeImageMetadata(image: Image): Record<string, string> {
  const base: [string, string | number | null][] = [
    ['image_id', image.id],
    ['image_name', image.name],
    ['checksum', image.checksum],
    ['container_format', image.containerFormat],
    ['disk_format', image.diskFormat],
    ['min_disk', image.minDisk],
    ['min_ram', image.minRam],
    ['size', image.size],
  ];
  const known = base.filter(([, value]) => value !== null).map(([key, value]) => [key, String(value)]);
  return { signature_verified: 'False', ...image.properties, ...Object.fromEntries(known) };
}
