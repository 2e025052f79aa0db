/** The cloud as it starts, and short ways to put things into it without going through the API. */
import type { SparseBytes } from './bytes.ts';
import type { Core } from './core.ts';
import { freshDevice, plainSide } from './devices.ts';
import { fillImage, queueImage } from './glance/store.ts';
import { dropKey, orderKey } from './keys.ts';
import { issueToken } from './keystone.ts';
import { addDefaultGroup, addSharedNetworks, type NetworkSeed, networkSeed } from './neutron/seed.ts';
import { addHardware, keptOfImage, keptOfVolume, ownersWords } from './nova/system-metadata.ts';
import {
  type ApplicationCredential,
  type Container,
  hexId,
  type Image,
  type Project,
  type Secret,
  type Server,
  type Token,
  type User,
  uuid,
  type Volume,
  type VolumeType,
} from './state.ts';

const AMPLE = { volumes: 100, snapshots: 100, gigabytes: 5000, backups: 1000, backupGigabytes: 20_000 };
const DEFAULTS = { volumes: 10, snapshots: 10, gigabytes: 1000, backups: 10, backupGigabytes: 1000 };
export const PASSWORD = 'hunt-me-p4ss+w/rd';

function addProject(core: Core, name: string, quota: Project['quota']): Project {
  const project: Project = { id: hexId(), name, quota: { ...quota } };
  core.state.projects.set(project.id, project);
  addDefaultGroup(core.state.network, project.id);
  return project;
}

function addUser(core: Core, name: string, grants: [project: Project, roles: string[]][]): User {
  const user: User = {
    id: hexId(),
    name,
    password: PASSWORD,
    roles: new Map(grants.map(([project, roles]) => [project.id, roles])),
    applicationCredentials: [],
  };
  core.state.users.set(user.id, user);
  return user;
}

function addType(core: Core, name: string, encrypted: boolean): VolumeType {
  const type: VolumeType = {
    id: uuid(),
    name,
    description: null,
    extraSpecs: { volume_backend_name: 'ceph' },
    encryption: encrypted
      ? { provider: 'luks', cipher: 'aes-xts-plain64', keySize: 256, controlLocation: 'front-end' }
      : null,
  };
  core.state.types.set(type.id, type);
  return type;
}

export function populate(core: Core): void {
  addSharedNetworks(core.state.network);
  const demo = addProject(core, 'demo', AMPLE);
  const small = addProject(core, 'small', DEFAULTS);
  addUser(core, 'demo', [[demo, ['member', 'creator', 'reader']]]);
  addUser(core, 'small', [[small, ['member', 'creator', 'reader']]]);
  addUser(core, 'reader', [[demo, ['reader']]]);
  addUser(core, 'nokeys', [[demo, ['member', 'reader']]]);
  core.state.defaultTypeId = addType(core, 'standard', false).id;
  addType(core, 'luks', true);
  addType(core, 'luks-other', true);
  for (const [id, name, ram, disk] of [
    ['1', 'tiny', 64, 1],
    ['2', 'small', 512, 5],
  ] as const) {
    core.state.flavors.set(id, { id, name, ram, vcpus: 1, disk, extraSpecs: {} });
  }
}

export interface VolumeWish {
  /** Default demo. */
  user?: string;
  name?: string;
  description?: string;
  size?: number;
  /** Name or id of a type; default standard. */
  type?: string;
  status?: string;
  metadata?: Record<string, string>;
  imageMetadata?: Record<string, string>;
  bootable?: boolean;
  /** Plain bytes at the volume's beginning, or at places of their own. */
  bytes?: Uint8Array | { at: number; bytes: Uint8Array }[];
}

export interface ServerWish {
  user?: string;
  name?: string;
  status?: string;
  flavor?: string;
  /** An image-backed server's image and root disk. */
  image?: Image;
  metadata?: Record<string, string>;
  /** Volumes to attach, the first as root disk unless there is an image. */
  volumes?: Volume[];
}

export interface Seed extends NetworkSeed {
  addVolume(wish?: VolumeWish): Volume;
  /** With its key, whatever depends on it. */
  removeVolume(volume: Volume): void;
  addServer(wish?: ServerWish): Server;
  /** Attaches a volume to a server, as the next device. */
  attach(server: Server, volume: Volume): void;
  detach(server: Server, volume: Volume): void;
  addImage(bytes: SparseBytes, fields?: Partial<Image> & { user?: string }): Promise<Image>;
  /** An empty container of a user's project. */
  addContainer(name: string, user?: string): Container;
  addSecret(payload: Uint8Array, fields?: Partial<Secret> & { user?: string }): Secret;
  addApplicationCredential(user?: string, fields?: Partial<ApplicationCredential>): ApplicationCredential;
  /** A token without going through Keystone's API. */
  token(user?: string): Token;
  /** Kills every token: each client gets 401 until it asks for a new one. */
  killTokens(): void;
}

function homeOf(core: Core, user: User): Project {
  const [id] = user.roles.keys();
  const project = core.state.projects.get(id ?? '');
  if (project === undefined) throw new Error(`${user.name} is in no project`);
  return project;
}

export function makeSeed(core: Core): Seed {
  const tokenOf = (name: string): Token => {
    const user = core.state.user(name);
    return issueToken(
      core,
      { user, methods: ['password'], credential: null, until: null, project: null },
      homeOf(core, user),
    );
  };
  return {
    ...networkSeed(core.state.network, (user) => homeOf(core, core.state.user(user)).id),
    token: (user = 'demo') => tokenOf(user),
    killTokens: () => {
      for (const token of core.state.tokens.values()) token.alive = false;
    },
    addVolume: (wish = {}) => addVolume(core, tokenOf(wish.user ?? 'demo'), wish),
    removeVolume: (volume) => removeVolume(core, volume),
    addContainer: (name, user = 'demo') => {
      const container: Container = { name, objects: new Map(), quota: undefined };
      core.state.containers.set(`${homeOf(core, core.state.user(user)).id}/${name}`, container);
      return container;
    },
    addServer: (wish = {}) => addServer(core, tokenOf(wish.user ?? 'demo'), wish),
    attach: (server, volume) => attachVolume(core, server, volume),
    detach: (server, volume) => detachVolume(core, server, volume),
    addImage: async (bytes, { user = 'demo', ...fields } = {}) => {
      const image = queueImage(core, tokenOf(user), {
        name: fields.name ?? 'image',
        diskFormat: fields.diskFormat ?? 'raw',
        containerFormat: fields.containerFormat ?? 'bare',
        visibility: 'private',
        protected: false,
        properties: fields.properties ?? {},
      });
      await fillImage(core, image, bytes);
      return Object.assign(image, fields);
    },
    addSecret: (payload, { user = 'demo', ...fields } = {}) => {
      const token = tokenOf(user);
      const now = core.clock.now();
      const secret: Secret = {
        id: uuid(),
        projectId: token.project?.id ?? '',
        creatorId: token.user.id,
        name: 'secret',
        secretType: 'opaque',
        algorithm: null,
        bitLength: null,
        mode: null,
        expiration: null,
        createdAt: now,
        updatedAt: now,
        contentType: 'application/octet-stream',
        payload: null,
        metadata: {},
        acl: null,
        ...fields,
      };
      core.state.keepPayload(secret, Buffer.from(payload));
      core.state.secrets.set(secret.id, secret);
      return secret;
    },
    addApplicationCredential: (name = 'demo', fields = {}) => {
      const user = core.state.user(name);
      const project = homeOf(core, user);
      const credential: ApplicationCredential = {
        id: hexId(),
        name: 'ci',
        secret: hexId(),
        projectId: project.id,
        roles: user.roles.get(project.id) ?? [],
        restricted: true,
        expiresAt: null,
        ...fields,
      };
      user.applicationCredentials.push(credential);
      return credential;
    },
  };
}

function addVolume(core: Core, token: Token, wish: VolumeWish): Volume {
  const type = core.state.type(wish.type ?? 'standard');
  const size = wish.size ?? 1;
  const key =
    type.encryption === null
      ? null
      : orderKey(core, token, type.encryption.cipher, type.encryption.keySize).id;
  const volume: Volume = {
    id: uuid(),
    projectId: token.project?.id ?? '',
    userId: token.user.id,
    status: wish.status ?? 'available',
    previousStatus: null,
    size,
    name: wish.name ?? null,
    description: wish.description ?? null,
    typeId: type.id,
    availabilityZone: 'nova',
    createdAt: core.clock.now(),
    updatedAt: null,
    snapshotId: null,
    sourceVolid: null,
    metadata: { ...wish.metadata },
    imageMetadata: wish.imageMetadata === undefined ? null : { ...wish.imageMetadata },
    bootable: wish.bootable ?? wish.imageMetadata !== undefined,
    encryptionKeyId: key,
    attachments: [],
    consumesQuota: true,
    data: freshDevice(core, size, key),
  };
  core.state.volumes.set(volume.id, volume);
  const places = wish.bytes instanceof Uint8Array ? [{ at: 0, bytes: wish.bytes }] : (wish.bytes ?? []);
  if (places.length > 0) {
    const plain = plainSide(core, volume);
    for (const { at, bytes } of places) plain.writePlain(at, bytes);
  }
  return volume;
}

export function removeVolume(core: Core, { id, encryptionKeyId }: Volume): void {
  core.state.volumes.delete(id);
  if (encryptionKeyId !== null) dropKey(core, encryptionKeyId);
}

function addServer(core: Core, token: Token, wish: ServerWish): Server {
  const now = core.clock.now();
  const flavor = [...core.state.flavors.values()].find((each) => each.name === (wish.flavor ?? 'tiny'));
  const server: Server = {
    id: uuid(),
    projectId: token.project?.id ?? '',
    userId: token.user.id,
    name: wish.name ?? 'server',
    hostname: wish.name ?? 'server',
    status: wish.status ?? 'ACTIVE',
    taskState: null,
    imageId: wish.image?.id ?? null,
    volumeBacked: wish.image === undefined,
    flavorId: flavor?.id ?? '1',
    keyName: null,
    metadata: { ...wish.metadata },
    tags: [],
    description: null,
    availabilityZone: 'nova',
    configDrive: false,
    createdAt: now,
    launchedAt: wish.status === 'BUILD' ? null : now,
    updatedAt: now,
    volumes: [],
    actions: [],
    fault: null,
    root: wish.image?.data?.clone() ?? null,
    imageProperties: {},
    imageMinRam: 0,
    systemMetadata: ownersWords(token),
    shelvedImageId: null,
  };
  const [root] = wish.volumes ?? [];
  if (wish.image !== undefined) Object.assign(server, keptOfImage(wish.image));
  else if (root !== undefined) Object.assign(server, keptOfVolume(root));
  addHardware(server);
  core.state.servers.set(server.id, server);
  for (const volume of wish.volumes ?? []) attachVolume(core, server, volume);
  return server;
}

/** /dev/vda for a boot volume, then on: an image-backed server's own disk has /dev/vda already. */
export function nextDevice(server: Server): string {
  const taken = server.volumes.map((each) => each.device);
  if (!server.volumeBacked) taken.push('/dev/vda');
  for (let letter = 97; letter < 123; letter += 1) {
    const device = `/dev/vd${String.fromCharCode(letter)}`;
    if (!taken.includes(device)) return device;
  }
  throw new Error('no device name is left');
}

export function attachVolume(core: Core, server: Server, volume: Volume, device = nextDevice(server)): void {
  const attachmentId = uuid();
  server.volumes.push({
    volumeId: volume.id,
    device,
    bootIndex: server.volumeBacked && server.volumes.length === 0 ? 0 : null,
    attachmentId,
    bdmId: uuid(),
    tag: null,
    deleteOnTermination: false,
  });
  volume.attachments.push({ attachmentId, serverId: server.id, device, attachedAt: core.clock.now() });
  volume.status = 'in-use';
  volume.updatedAt = core.clock.now();
}

export function detachVolume(core: Core, server: Server, volume: Volume): void {
  server.volumes = server.volumes.filter((each) => each.volumeId !== volume.id);
  volume.attachments = volume.attachments.filter((each) => each.serverId !== server.id);
  if (volume.attachments.length === 0 && volume.status !== 'deleting') volume.status = 'available';
  volume.updatedAt = core.clock.now();
}
