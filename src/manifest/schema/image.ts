import Type from 'typebox';
import { Payload } from './payload.ts';
import { Key } from './secret.ts';
import {
  AnyId,
  Bytes,
  CloudId,
  Count,
  closed,
  Hex,
  Id,
  Moment,
  Name,
  orNull,
  PointTags,
  Seconds,
  Tags,
  Word,
} from './words.ts';

export const ImageHash = orNull(Type.Object({ algorithm: Word, value: Hex }, closed), {
  description: "Glance's own digest, `os_hash_value`; null where it has none.",
});

/** What the cloud made a raw disk of. */
const Converted = Type.Object(
  {
    diskFormat: Word,
    size: Bytes,
    checksum: orNull(Hex, { description: 'MD5, as Glance has it.' }),
    hash: ImageHash,
  },
  {
    ...closed,
    description:
      'The image as it was, if the cloud converted it (`raw: true`): then `diskFormat` is raw, and size and payload are those of the disk that it holds.',
  },
);

export const SavedImage = Type.Object(
  {
    kind: Type.Literal('image'),
    id: CloudId,
    name: Name,
    diskFormat: orNull(Word),
    containerFormat: orNull(Word),
    visibility: Word,
    protected: Type.Boolean(),
    hidden: Type.Boolean(),
    minDisk: Type.Integer({ ...Count, description: 'GiB.' }),
    minRam: Type.Integer({ ...Count, description: 'MiB.' }),
    size: Bytes,
    virtualSize: orNull(Bytes),
    checksum: orNull(Hex, { description: 'MD5, as Glance has it.' }),
    hash: ImageHash,
    converted: Type.Optional(Converted),
    tags: Type.Array(Name),
    members: Type.Array(Type.Object({ project: AnyId, status: Word }, closed)),
    properties: Tags,
    created: Moment,
    encryption: orNull(
      Type.Object(
        {
          deletionPolicy: orNull(Word, { description: 'What happens to the key when the image is deleted.' }),
          key: Key,
        },
        closed,
      ),
      { description: 'null: Glance knows of no key.' },
    ),
  },
  closed,
);

export const ImagePoint = Type.Object(
  {
    id: Id,
    tags: Type.Optional(PointTags),
    resource: SavedImage,
    method: Type.Literal('download'),
    payload: Payload,
    seconds: Seconds,
  },
  closed,
);

export const KeptImagePoint = Type.Object(
  {
    id: Id,
    tags: Type.Optional(PointTags),
    resource: SavedImage,
    method: Type.Literal('kept', { description: 'The image stays in the cloud, and the data nowhere else.' }),
    seconds: Seconds,
  },
  closed,
);

export type SavedImage = Type.Static<typeof SavedImage>;
export type ImagePoint = Type.Static<typeof ImagePoint>;
export type KeptImagePoint = Type.Static<typeof KeptImagePoint>;
