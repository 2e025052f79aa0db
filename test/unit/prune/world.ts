import { writeTags } from '../../../src/chain/tags.ts';
import type { Cloud, CloudBackup } from '../../../src/prune/cloud.ts';
import { resourceOf, type Saved } from '../../../src/prune/point.ts';
import type { Record } from '../../../src/prune/read.ts';

export const DAY = 86_400_000;
export const NOW = Date.parse('2026-11-26T06:00:00Z');

/** A UUID that can be read in a failure. */
export const uuid = (kind: number, number: number) =>
  `${kind.toString(16).padStart(8, '0')}-0000-4000-8000-${number.toString(16).padStart(12, '0')}`;

export interface BackupWish {
  readonly number: number;
  readonly volume: string;
  readonly time: number;
  readonly chain?: number;
  readonly position?: number;
  readonly parent?: string | undefined;
  readonly status?: string;
  readonly hasDependents?: boolean;
  /** Undefined for one that is not ours. */
  readonly point?: string | undefined;
  readonly incremental?: boolean;
  readonly tags?: readonly string[];
}

export const backupId = (number: number) => uuid(0xb, number);
export const pointId = (number: number) => uuid(0xa, number);

export function cloudBackup(wish: BackupWish): CloudBackup {
  const { number, volume, time, chain = number, position = 0, parent, point } = wish;
  const id = backupId(number);
  const tags = {
    run: uuid(1, 1),
    backup: id,
    owner: '',
    made: undefined,
    expires: undefined,
    point: point ?? '',
    chain: uuid(0xc, chain),
    position,
    parent,
    state: 'recorded' as const,
    handedOver: false,
    consistency: undefined,
    volumeTypeId: undefined,
    volumeType: undefined,
    encrypted: false,
    bootable: false,
    pointTags: [],
  };
  return {
    id,
    status: wish.status ?? 'available',
    volumeId: volume,
    incremental: wish.incremental ?? position > 0,
    hasDependents: wish.hasDependents ?? false,
    createdAt: new Date(time).toISOString(),
    dataTimestamp: new Date(time).toISOString(),
    metadata: point === undefined ? {} : writeTags(tags),
  };
}

export function volumePoint(wish: BackupWish & { readonly name?: string }): Saved {
  const { number, volume, time, chain = number, position = 0, parent } = wish;
  return {
    id: pointId(number),
    kind: 'volume',
    resource: volume,
    name: wish.name ?? volume,
    metadata: {},
    time,
    tags: wish.tags ?? [],
    data: { kind: 'backup', id: backupId(number), volume, chain: uuid(0xc, chain), position, parent },
    image: undefined,
    needs: [],
    isPart: false,
    manifests: [`/backups/${number}`],
    pruned: undefined,
  };
}

export function recordOf(points: readonly Saved[], more: Partial<Record> = {}): Record {
  return { sources: [], points, failures: new Map(), elsewhere: new Set(), ...more };
}

/** All that points name is there, unless told. */
export function cloudOf(points: readonly Saved[], more: Partial<Cloud> = {}): Cloud {
  return {
    backups: [],
    images: [],
    stored: new Set(),
    unrecorded: [],
    lost: new Set(),
    presence: new Map(points.map((point) => [resourceOf(point), 'present' as const])),
    isAll: true,
    readsImages: false,
    ...more,
  };
}
