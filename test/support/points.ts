import { randomUUID } from 'node:crypto';
import { restorePoint } from '../../src/backup/volume/record.ts';
import type {
  FilePayload,
  ImagePoint,
  KeptImagePoint,
  Key,
  Manifest,
  RestorePoint,
  SavedEncryption,
  SavedImage,
  SavedSecret,
  SavedServer,
  SecretPoint,
  ServerPoint,
  VolumeBackupPoint,
  VolumeImagePoint,
} from '../../src/manifest/schema.ts';
import { keyName } from '../../src/payload/name.ts';
import { backup, tags, volume } from './records.ts';
import { savedServer } from './server-records.ts';

/** A manifest, and restore points of every kind. */
export function manifestWith(...restorePoints: RestorePoint[]): Manifest {
  return {
    format: 'openstack-backup manifest',
    version: 1,
    run: {
      id: randomUUID(),
      tool: 'openstack-backup 1.0.0',
      started: '2026-11-23T00:00:00.000Z',
      finished: '2026-11-23T00:10:00.000Z',
    },
    cloud: {
      authUrl: 'https://c.example/v3',
      region: 'R',
      project: { id: 'p'.repeat(32), name: 'demo', domain: 'Default' },
    },
    restorePoints,
    failed: [],
  };
}

export function backupPoint(
  fields: Parameters<typeof volume>[0] = {},
  encryption: SavedEncryption | null = null,
): VolumeBackupPoint {
  return restorePoint({
    volume: volume(fields),
    typeId: '11111111-1111-4111-8111-111111111111',
    encryption,
    backup: backup(),
    tags: tags(),
    reason: 'the volume has no backup yet',
    seconds: 4.5,
  });
}

/** Of a volume that was downloaded; `payload: null` for one whose image is kept. */
export function volumeImagePoint(
  fields: Parameters<typeof volume>[0] = {},
  encryption: SavedEncryption | null = null,
  payload?: null,
): VolumeImagePoint {
  const id = randomUUID();
  return {
    id,
    resource: backupPoint(fields, encryption).resource,
    method: 'image',
    image: {
      id: randomUUID(),
      name: '',
      size: 1 << 30,
      checksum: 'c'.repeat(32),
      hash: { algorithm: 'sha512', value: 'd'.repeat(128) },
      keyId: encryption === null ? null : randomUUID(),
      created: '2026-11-23T00:05:00.000Z',
      kept: payload === null,
    },
    payload: payload === null ? null : payloadOf('volume', id, 1 << 30),
    reason: 'as asked',
    consistency: 'offline',
    seconds: 1,
  };
}

export function imagePoint(fields: Partial<SavedImage> = {}): ImagePoint {
  const id = randomUUID();
  const resource = savedImage(fields);
  return {
    id,
    resource,
    method: 'download',
    payload: payloadOf('image', id, resource.size),
    seconds: 1,
  };
}

export function keptImagePoint(fields: Partial<SavedImage> = {}): KeptImagePoint {
  return { id: randomUUID(), resource: savedImage(fields), method: 'kept', seconds: 1 };
}

export function secretPoint(fields: Partial<SavedSecret> = {}): SecretPoint {
  const id = randomUUID();
  return {
    id,
    resource: {
      kind: 'secret',
      id: randomUUID(),
      name: '',
      secretType: 'symmetric',
      algorithm: 'aes',
      bitLength: 256,
      mode: null,
      contentType: 'application/octet-stream',
      expires: null,
      created: '2026-11-01T00:00:00.000Z',
      creator: null,
      acl: null,
      metadata: {},
      usedBy: [],
      ...fields,
    },
    method: 'sealed',
    payload: { ...payloadOf('secret', id, 32), compression: 'none' },
    seconds: 1,
  };
}

export function serverPoint(fields: Partial<SavedServer> = {}): ServerPoint {
  return {
    id: randomUUID(),
    resource: savedServer(fields),
    method: 'disks',
    consistency: 'crash',
    oneMoment: true,
    missing: ['the administrator password of the guest'],
    seconds: 1,
  };
}

/** LUKS1, with its key in another restore point. */
export function encryptedWith(key: SecretPoint | undefined): SavedEncryption {
  return { provider: 'luks', cipher: 'aes-xts-plain64', keySize: 256, key: keyOf(key) };
}

export function keyOf(point: SecretPoint | undefined): Key {
  return {
    id: point?.resource.id ?? randomUUID(),
    worth: point === undefined ? 'cloud-only' : 'sealed, proved',
    secretType: 'symmetric',
    algorithm: 'aes',
    bitLength: 256,
    mode: null,
    expires: null,
    ...(point === undefined ? {} : { point: point.id }),
  };
}

function savedImage(fields: Partial<SavedImage>): SavedImage {
  return {
    kind: 'image',
    id: randomUUID(),
    name: 'web',
    diskFormat: 'raw',
    containerFormat: 'bare',
    visibility: 'private',
    protected: false,
    hidden: false,
    minDisk: 0,
    minRam: 0,
    size: 1 << 20,
    virtualSize: null,
    checksum: 'c'.repeat(32),
    hash: { algorithm: 'sha512', value: 'd'.repeat(128) },
    tags: [],
    members: [],
    properties: {},
    created: '2026-11-01T00:00:00.000Z',
    encryption: null,
    ...fields,
  };
}

function payloadOf(kind: 'image' | 'volume' | 'secret', id: string, size: number): FilePayload {
  const packed = { compression: kind === 'secret' ? 'none' : 'zstd', sealed: true } as const;
  return {
    layout: 'file',
    name: kind === 'secret' ? keyName(id, true) : `${kind}-${id}.raw.zst.age`,
    size,
    sha256: 'a'.repeat(64),
    stored: { size: size + 300, sha256: 'b'.repeat(64) },
    ...packed,
  };
}
