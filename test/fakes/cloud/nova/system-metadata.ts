/**
 * What Nova keeps of an image in a server's system_metadata, and passes on to each image made of that server later
 * (nova/utils.py get_system_metadata_from_image, compute/utils.py initialize_instance_snapshot_metadata).
 */
import type { Image, Server, Token, Volume } from '../state.ts';

type Properties = Record<string, string>;
type Kept = Pick<Server, 'imageProperties' | 'imageMinRam'>;

/** Too large for the table. */
const SKIPPED = ['mappings', 'block_device_mapping', 'img_mappings', 'img_block_device_mapping'];
const MOST_BYTES = 255;

const NOT_INHERITED = [
  'cinder_encryption_key_id',
  'cinder_encryption_key_deletion_policy',
  'img_signature',
  'img_signature_hash_method',
  'img_signature_key_type',
  'img_signature_certificate_uuid',
  'cache_in_nova',
  'bittorrent',
];

/** Of a volume's copy of its image these are no properties. */
const ATTRIBUTES = [
  'image_id',
  'image_name',
  'size',
  'checksum',
  'container_format',
  'disk_format',
  'min_ram',
  'min_disk',
];

/** What libvirt fills in where the image says nothing. */
const HARDWARE: Properties = {
  hw_machine_type: 'pc',
  hw_cdrom_bus: 'ide',
  hw_disk_bus: 'virtio',
  hw_input_bus: 'usb',
  hw_pointer_model: 'usbtablet',
  hw_video_model: 'virtio',
  hw_vif_model: 'virtio',
};

/** As oslo's safe_truncate: at most so many bytes, and no half of a character. */
export function truncated(value: string): string {
  const bytes = Buffer.from(value);
  if (bytes.length <= MOST_BYTES) return value;
  return new TextDecoder().decode(bytes.subarray(0, MOST_BYTES)).replace(/\ufffd+$/, '');
}

function kept(properties: Properties, imageId: string): Properties {
  const entries = Object.entries(properties)
    .filter(([key]) => !SKIPPED.includes(key))
    .map(([key, value]) => [key, truncated(value)]);
  return { base_image_ref: imageId, ...Object.fromEntries(entries) };
}

export function keptOfImage({ id, properties, minRam }: Image): Kept {
  return { imageProperties: kept(properties, id), imageMinRam: minRam };
}

export function keptOfVolume({ imageMetadata }: Volume): Kept {
  const entries = Object.entries(imageMetadata ?? {}).filter(([key]) => !ATTRIBUTES.includes(key));
  return {
    imageProperties: kept(Object.fromEntries(entries), ''),
    imageMinRam: Number(imageMetadata?.['min_ram'] ?? 0),
  };
}

export function ownersWords(token: Token): Properties {
  return {
    owner_user_name: token.user.name,
    owner_project_name: token.project?.name ?? '',
    boot_roles: token.roles.join(','),
  };
}

/** Once the guest has run. */
export function addHardware(server: Server): void {
  server.imageProperties = { ...HARDWARE, ...server.imageProperties };
}

/** The properties that an image made of this server gets. */
export function inherited({ imageProperties, systemMetadata }: Server): Properties {
  const all = { ...systemMetadata, ...imageProperties };
  return Object.fromEntries(
    Object.entries(all).filter(([key]) => !NOT_INHERITED.includes(key) && !key.startsWith('os_glance')),
  );
}
