import { randomUUID } from 'node:crypto';
import { type Tags, writeTags } from '../../src/chain/tags.ts';
import type { SavedImage, SavedSecret } from '../../src/manifest/schema.ts';
import type { Backup } from '../../src/openstack/blockstorage/v3/backups.ts';
import type { Snapshot } from '../../src/openstack/blockstorage/v3/snapshots.ts';
import type { Volume } from '../../src/openstack/blockstorage/v3/volumes.ts';
import type { Image } from '../../src/openstack/image/v2/images.ts';
import type { HeldSecret } from '../../src/temporaries/holdings.ts';
import { newTag, type TemporaryRecord, writeTemporary } from '../../src/temporaries/tags.ts';

export function volume(fields: Partial<Volume> = {}): Volume {
  return {
    id: randomUUID(),
    name: 'db',
    description: '',
    status: 'available',
    size: 1,
    availabilityZone: 'nova',
    createdAt: '2026-11-01T00:00:00.000Z',
    updatedAt: undefined,
    volumeType: 'standard',
    volumeTypeId: '11111111-1111-4111-8111-111111111111',
    encrypted: false,
    encryptionKeyId: undefined,
    bootable: false,
    multiattach: false,
    metadata: {},
    imageMetadata: {},
    attachments: [],
    groupId: undefined,
    snapshotId: undefined,
    consumesQuota: true,
    ...fields,
  };
}

export function backup(fields: Partial<Backup> = {}): Backup {
  return {
    id: randomUUID(),
    name: 'db',
    description: '',
    status: 'available',
    size: 1,
    volumeId: '22222222-2222-4222-8222-222222222222',
    snapshotId: undefined,
    incremental: false,
    hasDependents: false,
    createdAt: '2026-11-01T00:00:00.000Z',
    updatedAt: undefined,
    dataTimestamp: '2026-11-01T00:00:00.000Z',
    failReason: undefined,
    container: undefined,
    availabilityZone: undefined,
    objectCount: undefined,
    metadata: {},
    encryptionKeyId: undefined,
    ...fields,
  };
}

export function tags(fields: Partial<Tags> = {}): Tags {
  return {
    run: randomUUID(),
    backup: undefined,
    made: '2026-11-01T00:00:00.000Z',
    owner: 'github:o/r:1:1',
    expires: '2026-11-02T00:00:00.000Z',
    point: randomUUID(),
    chain: randomUUID(),
    position: 0,
    parent: undefined,
    state: 'recorded',
    handedOver: false,
    consistency: 'offline',
    volumeTypeId: undefined,
    volumeType: 'standard',
    encrypted: false,
    bootable: false,
    pointTags: [],
    ...fields,
  };
}

/** A chain of ours: a full backup and increments, a day apart, oldest first. */
export function chainOf(length: number, fields: Partial<Backup> = {}): Backup[] {
  const chain = randomUUID();
  const made: Backup[] = [];
  for (let position = 0; position < length; position += 1) {
    const parent = made.at(-1)?.id;
    const day = String(position + 1).padStart(2, '0');
    made.push(
      backup({
        incremental: position > 0,
        dataTimestamp: `2026-11-${day}T00:00:00.000Z`,
        metadata: writeTags(tags({ chain, position, parent })),
        ...fields,
      }),
    );
  }
  return made;
}

export function snapshot(fields: Partial<Snapshot> = {}): Snapshot {
  return {
    id: randomUUID(),
    name: '',
    description: '',
    status: 'available',
    volumeId: '22222222-2222-4222-8222-222222222222',
    size: 1,
    createdAt: '2026-11-01T00:00:00.000Z',
    metadata: {},
    ...fields,
  };
}

export function image(fields: Partial<Image> = {}): Image {
  return {
    id: randomUUID(),
    name: 'web',
    status: 'active',
    visibility: 'private',
    protected: false,
    hidden: false,
    owner: 'p',
    size: 1 << 20,
    virtualSize: undefined,
    diskFormat: 'raw',
    containerFormat: 'bare',
    minDisk: 0,
    minRam: 0,
    checksum: undefined,
    hash: undefined,
    createdAt: '2026-11-01T00:00:00.000Z',
    updatedAt: '2026-11-01T00:00:00.000Z',
    tags: [],
    properties: {},
    ...fields,
  };
}

export function secret(fields: Partial<HeldSecret> = {}): HeldSecret {
  return {
    id: randomUUID(),
    name: undefined,
    status: 'ACTIVE',
    secretType: 'symmetric',
    algorithm: 'aes',
    bitLength: 256,
    mode: undefined,
    expiration: undefined,
    createdAt: '2026-11-01T00:00:00.000Z',
    updatedAt: '2026-11-01T00:00:00.000Z',
    creatorId: undefined,
    contentTypes: { default: 'application/octet-stream' },
    metadata: {},
    ...fields,
  };
}

export function savedSecret(fields: Partial<SavedSecret> = {}): SavedSecret {
  return {
    kind: 'secret',
    id: randomUUID(),
    name: 'key',
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
  };
}

export function savedImage(fields: Partial<SavedImage> = {}): SavedImage {
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
    size: 0,
    virtualSize: null,
    checksum: null,
    hash: null,
    tags: [],
    members: [],
    properties: {},
    created: '2026-11-01T00:00:00.000Z',
    encryption: null,
    ...fields,
  };
}

/** The longest word that names a run on GitHub: its names end at 39 and 100 characters. */
export const LONGEST_OWNER = `github:${'o'.repeat(39)}/${'r'.repeat(100)}:99999999999:99`;

/** The text of a record, by default of a dead run's scratch made with the things above. */
export function record(fields: Partial<TemporaryRecord> = {}): string {
  const made = Date.parse('2026-11-01T00:00:00.000Z');
  return writeTemporary({
    purpose: 'scratch',
    tag: newTag(),
    id: undefined,
    made,
    expires: made,
    owner: 'github:o/r:1:1',
    ...fields,
  });
}
