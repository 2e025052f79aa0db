import Type from 'typebox';

/** The words that all parts of the manifest are made of. */

export const closed = { additionalProperties: false } as const;

export const Id = Type.String({
  pattern: '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$',
  description: 'A UUID.',
});
export const KeystoneId = Type.String({
  pattern: '^[0-9A-Za-z_-]{1,64}$',
  description: 'An id of Keystone, or of a flavor.',
});
export const Name = Type.String({
  maxLength: 255,
  description: 'A name as the cloud has it: any characters, never trusted.',
});
export const Text = Type.String({ maxLength: 1024 });
export const Word = Type.String({ maxLength: 255 });
export const Moment = Type.String({
  pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d{1,6})?Z$',
  description: 'ISO 8601, UTC.',
});
export const Gibibytes = Type.Integer({ minimum: 1, maximum: 1_048_576, description: 'GiB.' });
export const Bytes = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description: 'Bytes.' });
export const Count = Type.Integer({ minimum: 0, maximum: 1_000_000_000 });
export const Hex = Type.String({ pattern: '^[0-9a-f]{32,128}$', description: 'A digest, lower-case hex.' });
export const Sha256 = Type.String({ pattern: '^[0-9a-f]{64}$', description: 'SHA-256, lower-case hex.' });
export const Tags = Type.Record(
  Type.String({ pattern: '^[^\\u0000]{1,255}$' }),
  Type.String({ maxLength: 4096 }),
  { maxProperties: 256 },
);
export const Seconds = Type.Number({ minimum: 0, maximum: 1e9 });

export const orNull = <T extends Type.TSchema>(schema: T, options: { description?: string } = {}) =>
  Type.Union([schema, Type.Null()], options);
