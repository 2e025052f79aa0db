/** The property of an image of an encrypted volume that names its key in Barbican. */
export const KEY_ID = 'cinder_encryption_key_id';
/** `on_image_deletion`: Glance deletes the key with the image. */
export const KEY_POLICY = 'cinder_encryption_key_deletion_policy';

/**
 * What Glance does not let users set (403), by `_reserved_properties` and `_reserved_namespaces` in
 * https://github.com/openstack/glance/blob/master/glance/api/v2/images.py
 */
const RESERVED = /^(os_glance.*|location|deleted|deleted_at)$/;

/** What Nova and Cinder noted when they made the image, and what is untrue of another image. */
const VOLATILE = new Set([
  'base_image_ref',
  'boot_roles',
  'image_location',
  'image_state',
  'image_type',
  'instance_uuid',
  'owner_id',
  'owner_project_name',
  'owner_user_name',
  'signature_verified',
  'user_id',
]);

/** References to other things in the cloud, which get new ids when they are restored. */
const REFERENCES = new Set(['bdm_v2', 'block_device_mapping', KEY_POLICY, KEY_ID]);

/** A signature over the bytes: Glance and Nova refuse an image whose bytes differ. */
const SIGNATURE = /^img_signature/;

export interface Replay {
  /** To be set on the restored image as they are. */
  readonly properties: Readonly<Record<string, string>>;
  /** The names of those left out. */
  readonly dropped: readonly string[];
}

/**
 * The properties of an image that can be set on its restored copy. A key's id is always left out: deleting an image
 * with the id of another image's key would delete that key. The caller sets the id of the restored key.
 *
 * @param sameBytes whether the copy has the same bytes, and not a disk of another format that contains them
 */
export function replayable(properties: Readonly<Record<string, string>>, sameBytes = true): Replay {
  const entries = Object.entries(properties);
  const kept = ([name]: readonly [string, string]) =>
    !RESERVED.test(name) &&
    !VOLATILE.has(name) &&
    !REFERENCES.has(name) &&
    (sameBytes || !SIGNATURE.test(name));
  return {
    properties: Object.fromEntries(entries.filter(kept)),
    dropped: entries.filter((entry) => !kept(entry)).map(([name]) => name),
  };
}
