/** The cloud's tables. Tests may read and rearrange them; nothing here is validated. */
import { randomBytes, randomUUID } from 'node:crypto';
import type { SparseBytes } from './bytes.ts';
import { NetworkTables } from './neutron/tables.ts';

export interface Project {
  id: string;
  name: string;
  /** -1 is unlimited, as in Cinder. */
  quota: { volumes: number; snapshots: number; gigabytes: number; backups: number; backupGigabytes: number };
  /** Of single volume types: `volumes_TYPE`, `snapshots_TYPE`, `gigabytes_TYPE`. What is not named is unlimited. */
  typeQuota?: Record<string, number>;
}

export interface ApplicationCredential {
  id: string;
  name: string;
  secret: string;
  projectId: string;
  roles: string[];
  restricted: boolean;
  expiresAt: Date | null;
  /** Undefined: everything is allowed. Paths may use * and **, as Keystone's. */
  accessRules?: { method: string; path: string; service: string }[];
}

export interface User {
  id: string;
  name: string;
  password: string;
  /** Roles by project id. */
  roles: Map<string, string[]>;
  applicationCredentials: ApplicationCredential[];
}

export interface Token {
  id: string;
  auditId: string;
  user: User;
  project: Project | null;
  roles: string[];
  methods: string[];
  issuedAt: Date;
  expiresAt: Date;
  applicationCredential: ApplicationCredential | null;
  /** False once revoked or killed by a fault: from then on it is answered with 401. */
  alive: boolean;
}

export interface VolumeType {
  id: string;
  name: string;
  description: string | null;
  extraSpecs: Record<string, string>;
  encryption: { provider: string; cipher: string; keySize: number; controlLocation: string } | null;
}

export interface VolumeAttachment {
  attachmentId: string;
  serverId: string;
  device: string;
  attachedAt: Date;
}

export interface Volume {
  id: string;
  projectId: string;
  userId: string;
  status: string;
  previousStatus: string | null;
  size: number;
  name: string | null;
  description: string | null;
  typeId: string;
  availabilityZone: string;
  createdAt: Date;
  updatedAt: Date | null;
  snapshotId: string | null;
  sourceVolid: string | null;
  metadata: Record<string, string>;
  /** The volume's copy of its image's properties; null: it never had an image. */
  imageMetadata: Record<string, string> | null;
  bootable: boolean;
  encryptionKeyId: string | null;
  attachments: VolumeAttachment[];
  /** False for the volumes that Cinder makes for itself. */
  consumesQuota: boolean;
  /** The device's bytes: ciphertext with its header for an encrypted volume. */
  data: SparseBytes;
}

export interface Snapshot {
  id: string;
  projectId: string;
  userId: string;
  status: string;
  name: string | null;
  description: string | null;
  volumeId: string;
  size: number;
  typeId: string;
  metadata: Record<string, string>;
  createdAt: Date;
  updatedAt: Date | null;
  encryptionKeyId: string | null;
  imageMetadata: Record<string, string> | null;
  bootable: boolean;
  data: SparseBytes;
}

export interface Backup {
  id: string;
  projectId: string;
  userId: string;
  status: string;
  name: string | null;
  description: string | null;
  volumeId: string;
  snapshotId: string | null;
  /** Not in any view: the API does not tell. */
  parentId: string | null;
  /** From when on it counts with its parent; from its end on where nothing is said. */
  countedAt?: Date;
  size: number;
  objectCount: number;
  container: string | null;
  availabilityZone: string | null;
  metadata: Record<string, string>;
  failReason: string | null;
  createdAt: Date;
  updatedAt: Date | null;
  dataTimestamp: Date;
  encryptionKeyId: string | null;
  /** What the driver keeps beside the data: the source volume as it was. */
  saved: {
    data: SparseBytes;
    name: string | null;
    description: string | null;
    typeId: string;
    encryptionKeyId: string | null;
    metadata: Record<string, string>;
    imageMetadata: Record<string, string> | null;
  } | null;
}

export interface Message {
  id: string;
  projectId: string;
  requestId: string;
  resourceType: 'VOLUME' | 'VOLUME_SNAPSHOT' | 'VOLUME_BACKUP';
  resourceUuid: string;
  actionId: string;
  detailId: string;
  level: string;
  createdAt: Date;
  expiresAt: Date;
}

export interface Image {
  id: string;
  ownerId: string;
  name: string | null;
  status: string;
  visibility: string;
  protected: boolean;
  hidden: boolean;
  diskFormat: string | null;
  containerFormat: string | null;
  minDisk: number;
  minRam: number;
  tags: string[];
  properties: Record<string, string>;
  members: Map<string, { status: string; createdAt: Date; updatedAt: Date }>;
  checksum: string | null;
  hashAlgorithm: string | null;
  hashValue: string | null;
  size: number | null;
  virtualSize: number | null;
  createdAt: Date;
  updatedAt: Date;
  data: SparseBytes | null;
  /** The file store still holds what a refused upload wrote: every further upload to this image fails with 500. */
  leftover: boolean;
}

export interface Secret {
  id: string;
  projectId: string;
  creatorId: string;
  name: string | null;
  secretType: string;
  algorithm: string | null;
  bitLength: number | null;
  mode: string | null;
  expiration: Date | null;
  createdAt: Date;
  updatedAt: Date;
  contentType: string | null;
  payload: Buffer | null;
  metadata: Record<string, string>;
  /** Null: never set; the default is then project access for all. */
  acl: { users: string[]; projectAccess: boolean; createdAt: Date; updatedAt: Date } | null;
}

export interface ServerVolume {
  volumeId: string;
  device: string;
  bootIndex: number | null;
  attachmentId: string;
  bdmId: string;
  tag: string | null;
  deleteOnTermination: boolean;
}

export interface InstanceAction {
  requestId: string;
  action: string;
  startTime: Date;
  message: string | null;
  userId: string;
  projectId: string;
  events: {
    event: string;
    startTime: Date;
    finishTime: Date | null;
    result: string | null;
    details: string | null;
  }[];
}

export interface Server {
  id: string;
  projectId: string;
  userId: string;
  name: string;
  hostname: string;
  status: string;
  taskState: string | null;
  /** Of a volume-backed server it may be there too: one booted from an image of a volume-backed server. */
  imageId: string | null;
  volumeBacked: boolean;
  flavorId: string;
  keyName: string | null;
  metadata: Record<string, string>;
  tags: string[];
  description: string | null;
  availabilityZone: string;
  configDrive: boolean;
  createdAt: Date;
  /** Null: it never ran. */
  launchedAt: Date | null;
  updatedAt: Date;
  volumes: ServerVolume[];
  actions: InstanceAction[];
  fault: { code: number; message: string; created: Date } | null;
  /** The root disk of an image-backed server. */
  root: SparseBytes | null;
  /** The properties of its image when it was made (Nova's system_metadata): each image made of it later has them too. */
  imageProperties: Record<string, string>;
  imageMinRam: number;
  /** The rest of Nova's system_metadata, which goes the same way. */
  systemMetadata: Record<string, string>;
  /** Of a shelved image-backed server: the image that it comes back from. */
  shelvedImageId: string | null;
}

export interface Flavor {
  id: string;
  name: string;
  ram: number;
  vcpus: number;
  disk: number;
  extraSpecs: Record<string, string>;
}

export interface KeyPair {
  userId: string;
  name: string;
  publicKey: string;
  fingerprint: string;
  type: string;
  createdAt: Date;
}

export interface ServerGroup {
  id: string;
  name: string;
  policy: string;
  projectId: string;
  userId: string;
  /** Ids of servers. */
  members: string[];
}

export interface StoredObject {
  bytes: Buffer;
  /** Lower-case hex. */
  md5: string;
  type: string;
  modified: Date;
}

export interface Container {
  name: string;
  objects: Map<string, StoredObject>;
  /** Bytes; undefined: as much as there is. */
  quota: number | undefined;
}

export class CloudState {
  readonly projects = new Map<string, Project>();
  readonly users = new Map<string, User>();
  readonly tokens = new Map<string, Token>();
  readonly types = new Map<string, VolumeType>();
  readonly volumes = new Map<string, Volume>();
  /** Of volumes for servers that are to get them, by the id of the attachment. */
  readonly reservations = new Map<string, { id: string; volumeId: string; serverId: string }>();
  readonly snapshots = new Map<string, Snapshot>();
  readonly backups = new Map<string, Backup>();
  readonly messages = new Map<string, Message>();
  readonly images = new Map<string, Image>();
  readonly secrets = new Map<string, Secret>();
  readonly servers = new Map<string, Server>();
  readonly flavors = new Map<string, Flavor>();
  readonly keypairs: KeyPair[] = [];
  readonly serverGroups = new Map<string, ServerGroup>();
  /** By `PROJECT/NAME`. */
  readonly containers = new Map<string, Container>();
  readonly network = new NetworkTables();
  /** Every secret payload that there ever was, deleted ones too: what must not be found in any output. */
  readonly everyPayload: Buffer[] = [];
  defaultTypeId = '';

  /** The one way in for a payload. */
  keepPayload(secret: Secret, payload: Buffer): void {
    secret.payload = payload;
    this.everyPayload.push(payload);
  }

  project(name: string): Project {
    return found(this.projects, name, 'project');
  }

  user(name: string): User {
    return found(this.users, name, 'user');
  }

  type(name: string): VolumeType {
    return found(this.types, name, 'volume type');
  }
}

function found<T extends { id: string; name: string }>(
  table: Map<string, T>,
  nameOrId: string,
  what: string,
): T {
  const row = table.get(nameOrId) ?? [...table.values()].find((each) => each.name === nameOrId);
  if (row === undefined) throw new Error(`no ${what} ${nameOrId}`);
  return row;
}

/** Keystone's ids have no dashes, everybody else's have. */
export function hexId(): string {
  return randomBytes(16).toString('hex');
}

export function uuid(): string {
  return randomUUID();
}

export function isUuid(text: string): boolean {
  return /^[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}$/i.test(text);
}
