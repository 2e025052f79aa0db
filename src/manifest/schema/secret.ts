import Type from 'typebox';
import { FilePayload } from './payload.ts';
import {
  AnyId,
  CloudId,
  Count,
  closed,
  Id,
  Moment,
  Name,
  orNull,
  PointTags,
  Seconds,
  Tags,
  Word,
} from './words.ts';

export const KeyWorth = Type.Union(
  [Type.Literal('cloud-only'), Type.Literal('sealed, unproved'), Type.Literal('sealed, proved')],
  {
    description:
      "What the key is worth: `cloud-only`, nothing was saved but the cloud's own copy; `sealed, unproved`, it was saved, but never tried on the data; `sealed, proved`, it was saved and seen to open the data's LUKS header.",
  },
);

/** The key of an encrypted volume or image. */
export const Key = Type.Object(
  {
    id: orNull(CloudId, { description: 'The key in Barbican; null where the cloud hides it.' }),
    worth: KeyWorth,
    secretType: orNull(Word),
    algorithm: orNull(Word),
    bitLength: orNull(Count),
    mode: orNull(Word),
    expires: orNull(Moment),
    point: Type.Optional(Type.Union([Id], { description: 'The restore point that holds the sealed key.' })),
  },
  closed,
);

const User = Type.Object(
  {
    kind: Type.Union([Type.Literal('volume'), Type.Literal('backup'), Type.Literal('image')]),
    id: CloudId,
    name: Name,
  },
  closed,
);

export const SavedSecret = Type.Object(
  {
    kind: Type.Literal('secret'),
    id: CloudId,
    name: Name,
    secretType: Word,
    algorithm: orNull(Word),
    bitLength: orNull(Count),
    mode: orNull(Word),
    contentType: orNull(Word, { description: "The payload's type, as it was stored." }),
    expires: orNull(Moment),
    created: Moment,
    creator: orNull(AnyId),
    acl: orNull(Type.Object({ projectAccess: Type.Boolean(), users: Type.Array(AnyId) }, closed), {
      description: 'Who may read it; null: never set.',
    }),
    metadata: Tags,
    usedBy: Type.Array(User, { description: 'Whose key it is.' }),
  },
  closed,
);

export const SecretPoint = Type.Object(
  {
    id: Id,
    tags: Type.Optional(PointTags),
    resource: SavedSecret,
    method: Type.Union([Type.Literal('sealed'), Type.Literal('plaintext')]),
    payload: FilePayload,
    seconds: Seconds,
    neededBy: Type.Optional(
      Type.Union([Id], {
        description: 'The restore point that it was saved for, if a later run records that.',
      }),
    ),
  },
  closed,
);

export type Key = Type.Static<typeof Key>;
export type SavedSecret = Type.Static<typeof SavedSecret>;
export type SecretPoint = Type.Static<typeof SecretPoint>;
