import Type from 'typebox';
import { MANIFEST_FORMAT, MANIFEST_VERSION } from './format.ts';
import { ImagePoint, KeptImagePoint } from './schema/image.ts';
import { SecretPoint } from './schema/secret.ts';
import { ServerPoint } from './schema/server.ts';
import { VolumeBackupPoint, VolumeImagePoint } from './schema/volume.ts';
import { AnyId, Bytes, closed, Hex, Id, Moment, Name, orNull, Seconds } from './schema/words.ts';

/**
 * The manifest, version 1: the one source of the types, of the check on reading and of `docs/manifest-v1.schema.json`.
 * It is closed: an unknown field is an error, so that nothing is smuggled in or silently lost. Nothing in it is ever
 * followed: no URL, path or command; ids are only looked up in the cloud that the user chose.
 */

/** Keyed by `method`, which tells them apart. */
export const POINTS = {
  'cinder-backup': VolumeBackupPoint,
  image: VolumeImagePoint,
  download: ImagePoint,
  kept: KeptImagePoint,
  sealed: SecretPoint,
  plaintext: SecretPoint,
  disks: ServerPoint,
} as const;

const RestorePoint = Type.Union([
  VolumeBackupPoint,
  VolumeImagePoint,
  ImagePoint,
  KeptImagePoint,
  SecretPoint,
  ServerPoint,
]);

const Kind = Type.Union([
  Type.Literal('volume'),
  Type.Literal('image'),
  Type.Literal('secret'),
  Type.Literal('server'),
]);

const Failure = Type.Object(
  {
    kind: Kind,
    id: AnyId,
    name: Name,
    error: Type.String({ maxLength: 4096 }),
    cause: Type.Optional(
      Type.Literal('quota', {
        description: 'There was no room: what no rule keeps is deleted all the same, which makes room.',
      }),
    ),
  },
  closed,
);

const Pruned = Type.Object(
  {
    point: Id,
    kind: Kind,
    id: AnyId,
    name: Name,
    time: Moment,
    reason: Type.String({ maxLength: 1024, description: 'Why it goes.' }),
  },
  { ...closed, description: 'A restore point of any manifest that is deleted: no longer offered.' },
);

/** How far `verify` looked; a deeper level has the larger word. */
const Level = Type.Union([Type.Literal('L0'), Type.Literal('L1a'), Type.Literal('L1b'), Type.Literal('L2')]);

const Verified = Type.Object(
  {
    point: Id,
    level: orNull(Level, {
      description:
        '`L0`: all that it needs is there; `L1a`: the stored bytes are those that were stored; `L1b`: opened, they are what was saved; `L2`: the key opens it, or a partition table or file system was found; null: not even `L0`.',
    }),
    time: Moment,
    sampled: Type.Optional(
      Type.Number({
        exclusiveMinimum: 0,
        exclusiveMaximum: 100,
        description: 'Percent of its objects that were read; absent: all.',
      }),
    ),
    seed: Type.Optional(Type.Integer({ minimum: 0, maximum: 2 ** 32 - 1, description: 'Which ones.' })),
    fault: Type.Optional(
      Type.String({ maxLength: 1024, description: 'Why it did not pass the next level.' }),
    ),
    damaged: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 256 }), {
        maxItems: 64,
        description:
          'The objects in the store that were seen damaged: other restore points that need one are as bad.',
      }),
    ),
  },
  { ...closed, description: 'A restore point of any manifest, and how far it was found to be good.' },
);

const Drilled = Type.Object(
  {
    point: Id,
    resource: Type.Optional(
      Type.Object(
        { kind: Kind, id: AnyId },
        { ...closed, description: 'What the point is of: a drill still counts when the point is pruned.' },
      ),
    ),
    level: Type.Union([Type.Literal('bytes'), Type.Literal('volume'), Type.Literal('boot')], {
      description: 'What was tried: `bytes`, opened; `volume`, restored and read back; `boot`, started.',
    }),
    result: Type.Union([Type.Literal('passed'), Type.Literal('failed'), Type.Literal('no output')], {
      description:
        '`no output`: the server ran, and wrote nothing to its console; neither passed nor failed.',
    }),
    reached: orNull(
      Type.Union([
        Type.Literal('L1b'),
        Type.Literal('L2'),
        Type.Literal('L3'),
        Type.Literal('L4'),
        Type.Literal('L5'),
      ]),
      {
        description:
          "As in `verified`, and `L3`: restored, and read back as it was saved; `L4`: a server booted from it; `L5`: a check of the user's of that server said yes. null unless it passed.",
      },
    ),
    time: Moment,
    seconds: Type.Object(
      {
        found: Type.Optional(Seconds),
        restored: Type.Optional(Seconds),
        booted: Type.Optional(Seconds),
        checked: Type.Optional(Seconds),
        removed: Type.Optional(Seconds),
      },
      { ...closed, description: 'How long each phase took.' },
    ),
    size: Type.Integer({ ...Bytes, description: 'Bytes that were read to prove it.' }),
    seed: Type.Integer({ minimum: 0, maximum: 2 ** 32 - 1, description: 'What it was drawn with.' }),
    seen: Type.Array(Type.String({ maxLength: 4096 }), { maxItems: 64 }),
    digest: Type.Optional(
      Type.Object(
        { algorithm: Type.Literal('sha256'), value: Hex, size: Bytes },
        {
          ...closed,
          description:
            'Of the first `size` bytes that came back, where nobody knew it beforehand: a later drill compares.',
        },
      ),
    ),
    by: Type.Optional(
      Type.Literal('hand', {
        description: 'Its `RESTORE.md` was carried out, instead of restoring it with the program.',
      }),
    ),
    key: Type.Optional(
      Type.Literal('proved', { description: 'Its saved key was seen to open the data that came back.' }),
    ),
    why: Type.Optional(Type.String({ maxLength: 4096, description: 'Why it did not pass.' })),
  },
  {
    ...closed,
    description: 'A restore point of any manifest that was restored only to prove that it works.',
  },
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
          description: 'null: the run was interrupted; what the manifest lists is complete.',
        }),
      },
      closed,
    ),
    cloud: Type.Object(
      {
        authUrl: Type.String({ maxLength: 2048, description: 'Only compared, never called.' }),
        region: Name,
        project: Type.Object({ id: AnyId, name: Name, domain: Name }, closed),
      },
      closed,
    ),
    restorePoints: Type.Array(RestorePoint),
    failed: Type.Array(Failure),
    pruned: Type.Optional(Type.Array(Pruned, { description: 'Published before anything is deleted.' })),
    verified: Type.Optional(Type.Array(Verified)),
    drilled: Type.Optional(Type.Array(Drilled)),
  },
  { ...closed, title: 'openstack-backup manifest, version 1' },
);

export type Manifest = Type.Static<typeof ManifestSchema>;
export type RestorePoint = Type.Static<typeof RestorePoint>;
export type PrunedPoint = Type.Static<typeof Pruned>;
export type VerifiedPoint = Type.Static<typeof Verified>;
export type DrilledPoint = Type.Static<typeof Drilled>;
export type Level = Type.Static<typeof Level>;
export type SavedFailure = Type.Static<typeof Failure>;
export type { ImagePoint, KeptImagePoint, SavedImage } from './schema/image.ts';
export type { BlocksPayload, FilePayload, Payload } from './schema/payload.ts';
export type { Key, SavedSecret, SecretPoint } from './schema/secret.ts';
export type { SavedDisk, SavedFlavor, SavedPort, SavedServer, ServerPoint } from './schema/server.ts';
export type {
  Consistency,
  SavedEncryption,
  SavedVolume,
  VolumeBackupPoint,
  VolumeImagePoint,
  VolumePoint,
} from './schema/volume.ts';
