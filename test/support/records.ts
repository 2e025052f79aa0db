import { randomUUID } from 'node:crypto';
import type { Backup } from '../../src/openstack/blockstorage/v3/backups.ts';
import type { Volume } from '../../src/openstack/blockstorage/v3/volumes.ts';
import { type Tags, writeTags } from '../../src/temporaries/backup-tags.ts';

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
    owner: 'github:o/r:1:1',
    expires: '2026-11-02T00:00:00.000Z',
    point: randomUUID(),
    chain: randomUUID(),
    position: 0,
    parent: undefined,
    state: 'recorded',
    volumeTypeId: undefined,
    volumeType: 'standard',
    encrypted: false,
    bootable: false,
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
