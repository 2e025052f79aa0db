import Type from 'typebox';
import { Consistency } from './volume.ts';
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
  Text,
  Word,
} from './words.ts';

const Flavor = Type.Object(
  {
    id: orNull(AnyId, { description: 'null where the cloud shows values only.' }),
    name: Name,
    vcpus: Count,
    ram: Type.Integer({ ...Count, description: 'MiB.' }),
    disk: Type.Integer({ ...Count, description: 'GiB.' }),
    ephemeral: Type.Integer({ ...Count, description: 'GiB.' }),
    swap: Type.Integer({ ...Count, description: 'MiB.' }),
    extraSpecs: Tags,
  },
  closed,
);

const Disk = Type.Object(
  {
    bootIndex: orNull(Type.Integer({ minimum: 0, maximum: 255 }), {
      description: '0 is the disk that it boots from; null: not for booting.',
    }),
    device: orNull(Word, { description: 'As the cloud calls it: /dev/vdb.' }),
    tag: orNull(Name),
    deleteOnTermination: Type.Boolean(),
    volume: orNull(CloudId, { description: "null: the root disk of the server's own, saved as an image." }),
    point: Id,
  },
  { ...closed, description: 'A disk, and the restore point of this manifest that holds it.' },
);

const Port = Type.Object(
  {
    id: CloudId,
    name: Name,
    mac: Word,
    network: Type.Object({ id: CloudId, name: orNull(Name) }, closed),
    fixedIps: Type.Array(Type.Object({ address: Word, subnet: orNull(CloudId) }, closed)),
    securityGroups: Type.Array(Type.Object({ id: CloudId, name: orNull(Name) }, closed)),
    allowedAddressPairs: Type.Array(Type.Object({ address: Word, mac: orNull(Word) }, closed)),
    portSecurity: Type.Boolean(),
    vnicType: orNull(Word),
    floatingIps: Type.Array(Word),
  },
  closed,
);

export const SavedServer = Type.Object(
  {
    kind: Type.Literal('server'),
    id: CloudId,
    name: Name,
    description: Text,
    status: Word,
    flavor: Flavor,
    image: orNull(Type.Object({ id: CloudId, name: orNull(Name) }, closed), {
      description: 'The image that an image-backed server was made from.',
    }),
    rootDevice: orNull(Word),
    disks: Type.Array(Disk, { description: 'In the order of the cloud.' }),
    ports: Type.Array(Port),
    addresses: Type.Record(
      Type.String({ pattern: '^[\\s\\S]{0,510}$' }),
      Type.Array(Type.Object({ address: Word, mac: orNull(Word), type: orNull(Word) }, closed)),
      { description: 'By the name of the network, as Nova shows them.' },
    ),
    securityGroups: Type.Array(Name),
    keyPair: orNull(
      Type.Object(
        { name: Name, publicKey: orNull(Type.String({ maxLength: 114_688 })), type: orNull(Word) },
        closed,
      ),
    ),
    metadata: Tags,
    tags: Type.Array(Name),
    availabilityZone: orNull(Name),
    serverGroup: orNull(Type.Object({ id: CloudId, name: Name, policy: orNull(Word) }, closed)),
    hostname: orNull(Name),
    configDrive: Type.Boolean(),
    project: orNull(AnyId),
    created: Moment,
  },
  closed,
);

export const ServerPoint = Type.Object(
  {
    id: Id,
    tags: Type.Optional(PointTags),
    resource: SavedServer,
    method: Type.Literal('disks', { description: 'Its disks are restore points of their own.' }),
    consistency: Consistency,
    oneMoment: Type.Boolean({ description: 'Whether all disks were taken at one moment.' }),
    missing: Type.Array(Text, { description: 'What cannot be had, in words.' }),
    seconds: Seconds,
  },
  closed,
);

export type SavedServer = Type.Static<typeof SavedServer>;
export type ServerPoint = Type.Static<typeof ServerPoint>;
export type SavedDisk = Type.Static<typeof Disk>;
export type SavedPort = Type.Static<typeof Port>;
export type SavedFlavor = Type.Static<typeof Flavor>;
