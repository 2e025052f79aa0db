import Type from 'typebox';
import { MANIFEST_FORMAT, MANIFEST_VERSION } from './format.ts';

/**
 * The manifest, version 1. This is the one source: the types, the check on reading and `docs/manifest-v1.schema.json`
 * are made from it. Closed: an unknown field is an error, so that nothing is smuggled in or silently lost.
 * Nothing in it is ever followed: no URL, path or command; ids are only looked up in the cloud that the user named.
 */

const closed = { additionalProperties: false } as const;

const Id = Type.String({
  pattern: '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$',
  description: 'A UUID.',
});
const KeystoneId = Type.String({ pattern: '^[0-9A-Za-z_-]{1,64}$', description: 'An id of Keystone.' });
const Name = Type.String({
  maxLength: 255,
  description: 'A name as the cloud has it: any characters, never trusted.',
});
const Text = Type.String({ maxLength: 1024 });
const Moment = Type.String({
  pattern: '^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d{1,6})?Z$',
  description: 'ISO 8601, UTC.',
});
const Gibibytes = Type.Integer({ minimum: 1, maximum: 1_048_576, description: 'GiB.' });
const Tags = Type.Record(Type.String({ pattern: '^[^\\u0000]{1,255}$' }), Type.String({ maxLength: 4096 }), {
  maxProperties: 256,
});

const VolumeType = Type.Object(
  { id: Type.Union([Id, Type.Null()]), name: Type.Union([Name, Type.Null()]) },
  closed,
);

const Key = Type.Object(
  {
    id: Type.Union([Id, Type.Null()], {
      description: "The volume's key in Barbican; null where the cloud hides it.",
    }),
    worth: Type.Literal('cloud-only', {
      description:
        "What the key is worth: `cloud-only` means that nothing was saved but the cloud's own copy.",
    }),
    secretType: Type.Union([Type.String({ maxLength: 64 }), Type.Null()]),
    algorithm: Type.Union([Type.String({ maxLength: 64 }), Type.Null()]),
    bitLength: Type.Union([Type.Integer({ minimum: 0, maximum: 65_536 }), Type.Null()]),
    mode: Type.Union([Type.String({ maxLength: 64 }), Type.Null()]),
    expires: Type.Union([Moment, Type.Null()]),
  },
  closed,
);

const Encryption = Type.Object(
  {
    provider: Type.Union([Type.String({ maxLength: 255 }), Type.Null()], {
      description: '`luks`, `luks2` or `plain`.',
    }),
    cipher: Type.Union([Type.String({ maxLength: 255 }), Type.Null()]),
    keySize: Type.Union([Type.Integer({ minimum: 1, maximum: 65_536 }), Type.Null()], {
      description: 'Bits.',
    }),
    key: Key,
  },
  closed,
);

const SavedVolume = Type.Object(
  {
    kind: Type.Literal('volume'),
    id: Id,
    name: Name,
    description: Text,
    size: Gibibytes,
    type: VolumeType,
    availabilityZone: Name,
    bootable: Type.Boolean(),
    multiattach: Type.Boolean(),
    metadata: Tags,
    imageMetadata: Tags,
    attachments: Type.Array(Type.Object({ server: Text, device: Text }, closed), { maxItems: 256 }),
    created: Moment,
    encryption: Type.Union([Encryption, Type.Null()], { description: 'null: the volume is not encrypted.' }),
  },
  closed,
);

const CinderBackup = Type.Object(
  {
    id: Id,
    size: Gibibytes,
    incremental: Type.Boolean(),
    created: Moment,
    finished: Type.Union([Moment, Type.Null()], { description: 'When the cloud called it available.' }),
    dataTimestamp: Moment,
    availabilityZone: Type.Union([Name, Type.Null()]),
    container: Type.Union([Name, Type.Null()]),
    keyId: Type.Union([Id, Type.Null()], {
      description: "The backup's own clone of the key, from microversion 3.64.",
    }),
  },
  closed,
);

const Chain = Type.Object(
  {
    id: Id,
    position: Type.Integer({ minimum: 0, maximum: 100_000, description: '0 is the full backup.' }),
    parent: Type.Union([Id, Type.Null()], { description: 'The backup that an increment needs.' }),
  },
  closed,
);

const RestorePoint = Type.Object(
  {
    id: Id,
    resource: SavedVolume,
    method: Type.Literal('cinder-backup'),
    backup: CinderBackup,
    chain: Chain,
    reason: Type.String({ maxLength: 1024, description: 'Why full or incremental.' }),
    consistency: Type.Union([Type.Literal('offline'), Type.Literal('crash')], {
      description: '`offline`: not attached to a server; `crash`: as after a power cut.',
    }),
    seconds: Type.Number({
      minimum: 0,
      maximum: 1e9,
      description: 'From the request until the cloud called it available.',
    }),
  },
  closed,
);

const Failure = Type.Object(
  { kind: Type.Literal('volume'), id: Id, name: Name, error: Type.String({ maxLength: 4096 }) },
  closed,
);

export const ManifestSchema = Type.Object(
  {
    format: Type.Literal(MANIFEST_FORMAT),
    version: Type.Literal(MANIFEST_VERSION),
    run: Type.Object(
      {
        id: Id,
        tool: Type.String({ maxLength: 128 }),
        started: Moment,
        finished: Type.Union([Moment, Type.Null()], {
          description: 'null: the run was cut short, what stands here is whole.',
        }),
      },
      closed,
    ),
    cloud: Type.Object(
      {
        authUrl: Type.String({ maxLength: 2048, description: 'Only compared, never called.' }),
        region: Name,
        project: Type.Object({ id: KeystoneId, name: Name, domain: Name }, closed),
      },
      closed,
    ),
    restorePoints: Type.Array(RestorePoint, { maxItems: 10_000 }),
    failed: Type.Array(Failure, { maxItems: 10_000 }),
  },
  { ...closed, title: 'openstack-backup manifest, version 1' },
);

export type Manifest = Type.Static<typeof ManifestSchema>;
export type RestorePoint = Type.Static<typeof RestorePoint>;
export type SavedVolume = Type.Static<typeof SavedVolume>;
export type SavedEncryption = Type.Static<typeof Encryption>;
export type SavedFailure = Type.Static<typeof Failure>;
