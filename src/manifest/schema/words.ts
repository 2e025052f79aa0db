import Type from 'typebox';
import { MOST_TAGS, TAG_FORM } from '../../text/tag.ts';

/**
 * The types that all parts of the manifest share. Ours are narrow; those from a cloud are as wide as clouds allow,
 * since what cannot be recorded cannot be restored. The limit on the manifest bounds what has no limit here.
 */

export const closed = { additionalProperties: false } as const;

export const Id = Type.String({
  pattern: '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$',
  description: 'A UUID made by us.',
});
/** Holds nothing special to a shell, a path or a URL: the runbook's commands use it unquoted. */
export const CloudId = Type.String({
  pattern: '^[0-9A-Za-z][0-9A-Za-z._@%+:-]{0,254}$',
  description: 'An id as the cloud has it; mostly a UUID.',
});
export const AnyId = Type.String({
  maxLength: 255,
  description: 'An id that others chose, of Keystone or of a flavor: any characters, never trusted.',
});
export const Name = Type.String({
  maxLength: 255,
  description: 'A name as the cloud has it: any characters, never trusted.',
});
/**
 * Glance and Cinder store an image property in at most 65,535 bytes: `image_properties` and `volume_glance_metadata`.
 */
export const Text = Type.String({ maxLength: 65_535 });
export const Word = Type.String({ maxLength: 255 });
/** Refuses impossible dates such as a 13th month, which would compute to NaN. */
const DATE = '\\d{4}-((0[1-9]|1[0-2])-(0[1-9]|[12]\\d)|(0[13-9]|1[0-2])-30|(0[13578]|1[02])-31)';
const TIME = '([01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(\\.\\d{1,6})?';
export const Moment = Type.String({ pattern: `^${DATE}T${TIME}Z$`, description: 'ISO 8601, UTC.' });
/** The largest integer that fits a column of the clouds' databases. */
const MOST = 2_147_483_647;
export const Gibibytes = Type.Integer({ minimum: 1, maximum: MOST, description: 'GiB.' });
export const Bytes = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description: 'Bytes.' });
export const Count = Type.Integer({ minimum: 0, maximum: MOST });
export const Hex = Type.String({ pattern: '^[0-9a-f]{2,255}$', description: 'A digest, lower-case hex.' });
export const Sha256 = Type.String({ pattern: '^[0-9a-f]{64}$', description: 'SHA-256, lower-case hex.' });
/** Keys of any characters, up to 255 of them. */
export const Tags = Type.Record(Type.String({ pattern: '^[\\s\\S]{0,510}$' }), Text);
export const PointTags = Type.Array(Type.String({ pattern: TAG_FORM }), {
  minItems: 1,
  maxItems: MOST_TAGS,
  uniqueItems: true,
  description: 'As the run was told to give them; absent where it was told none.',
});
export const Seconds = Type.Number({ minimum: 0, maximum: 1e9 });

export const orNull = <T extends Type.TSchema>(schema: T, options: { description?: string } = {}) =>
  Type.Union([schema, Type.Null()], options);
