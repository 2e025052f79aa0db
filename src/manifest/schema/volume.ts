import Type from 'typebox';
import { ImageHash } from './image.ts';
import { Payload } from './payload.ts';
import { Key } from './secret.ts';
import {
  Bytes,
  CloudId,
  Count,
  closed,
  Gibibytes,
  Hex,
  Id,
  Moment,
  Name,
  orNull,
  PointTags,
  Seconds,
  Tags,
  Text,
  Word,
} from './words.ts';

const VolumeType = Type.Object({ id: orNull(CloudId), name: orNull(Name) }, closed);

const Encryption = Type.Object(
  {
    provider: orNull(Word, { description: '`luks`, `luks2` or `plain`.' }),
    cipher: orNull(Word),
    keySize: orNull(Count, { description: 'Bits.' }),
    key: Key,
  },
  closed,
);

export const SavedVolume = Type.Object(
  {
    kind: Type.Literal('volume'),
    id: CloudId,
    name: Name,
    description: Text,
    size: Gibibytes,
    type: VolumeType,
    availabilityZone: Name,
    bootable: Type.Boolean(),
    multiattach: Type.Boolean(),
    metadata: Tags,
    imageMetadata: Tags,
    attachments: Type.Array(Type.Object({ server: Text, device: Text }, closed)),
    created: Moment,
    encryption: orNull(Encryption, { description: 'null: the volume is not encrypted.' }),
  },
  closed,
);

const CinderBackup = Type.Object(
  {
    id: CloudId,
    size: Gibibytes,
    incremental: Type.Boolean(),
    created: Moment,
    finished: orNull(Moment, { description: 'When the cloud called it available.' }),
    dataTimestamp: Moment,
    availabilityZone: orNull(Name),
    container: orNull(Name),
    keyId: orNull(CloudId, { description: "The backup's own clone of the key, from microversion 3.64." }),
  },
  closed,
);

const Chain = Type.Object(
  {
    id: Id,
    position: Type.Integer({ minimum: 0, maximum: 100_000, description: '0 is the full backup.' }),
    parent: orNull(CloudId, { description: 'The backup that an increment needs.' }),
  },
  closed,
);

export const Consistency = Type.Union(
  [Type.Literal('offline'), Type.Literal('quiesced'), Type.Literal('crash')],
  {
    description:
      "`offline`: not attached to a server, or the server was stopped; `quiesced`: the guest's file systems were frozen; `crash`: as after a power cut.",
  },
);

export const VolumeBackupPoint = Type.Object(
  {
    id: Id,
    tags: Type.Optional(PointTags),
    resource: SavedVolume,
    method: Type.Literal('cinder-backup'),
    backup: CinderBackup,
    chain: Chain,
    reason: Type.String({ maxLength: 1024, description: 'Why full or incremental.' }),
    consistency: Consistency,
    seconds: Type.Number({
      minimum: 0,
      maximum: 1e9,
      description: 'From the request until the cloud called it available.',
    }),
  },
  closed,
);

export const VolumeImagePoint = Type.Object(
  {
    id: Id,
    tags: Type.Optional(PointTags),
    resource: SavedVolume,
    method: Type.Literal('image'),
    image: Type.Object(
      {
        id: CloudId,
        name: Name,
        size: Bytes,
        checksum: orNull(Hex, { description: 'MD5, as Glance has it.' }),
        hash: ImageHash,
        keyId: orNull(CloudId, { description: "The image's own clone of the key." }),
        created: Moment,
        kept: Type.Boolean({ description: 'Whether the image stays in the cloud.' }),
      },
      { ...closed, description: "The image of the volume's bytes, raw and bare." },
    ),
    payload: orNull(Payload, { description: 'null: the bytes are in the image only.' }),
    reason: Type.String({ maxLength: 1024, description: 'Why this way.' }),
    consistency: Consistency,
    seconds: Seconds,
  },
  closed,
);

export type SavedVolume = Type.Static<typeof SavedVolume>;
export type SavedEncryption = Type.Static<typeof Encryption>;
export type VolumeBackupPoint = Type.Static<typeof VolumeBackupPoint>;
export type VolumeImagePoint = Type.Static<typeof VolumeImagePoint>;
export type VolumePoint = VolumeBackupPoint | VolumeImagePoint;
export type Consistency = Type.Static<typeof Consistency>;
