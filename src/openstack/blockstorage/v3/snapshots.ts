import { field, id, integer, type Json, moment, optionalText, strings, text } from '../../../decode.ts';
import type { ServiceClient } from '../../connection.ts';
import { itemsOf } from '../../items.ts';
import { pages } from '../../pages.ts';
import { nothing } from '../../service.ts';
import { Watcher } from '../../watcher.ts';

// https://docs.openstack.org/api-ref/block-storage/v3/#volume-snapshots-snapshots

export interface Snapshot {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly status: string;
  readonly volumeId: string;
  /** GiB. */
  readonly size: number;
  readonly createdAt: string;
  readonly metadata: Readonly<Record<string, string>>;
}

export interface CreateSnapshot {
  readonly volumeId: string;
  readonly name?: string | undefined;
  readonly description?: string | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  /** Allows a volume in use. From 3.66 that is always allowed, and Cinder refuses `false`. */
  readonly force?: boolean | undefined;
}

const snapshotUrl = (snapshotId: string) => `/snapshots/${encodeURIComponent(snapshotId)}`;

/** @throws CloudError 404 when there is none with this id in the project */
export function getSnapshot(client: ServiceClient, snapshotId: string): Promise<Snapshot> {
  return client.call({
    doing: `read snapshot ${snapshotId}`,
    method: 'GET',
    path: snapshotUrl(snapshotId),
    ok: [200],
    decode: (answer) => decodeSnapshot(field(answer, 'snapshot')),
  });
}

export interface SnapshotFilter {
  readonly volumeId?: string | undefined;
  /** Newest first when true: a watcher waits for new snapshots. */
  readonly newestFirst?: boolean | undefined;
}

/** The project's snapshots, a page at a time. */
export function listSnapshots(
  client: ServiceClient,
  filter: SnapshotFilter = {},
): AsyncGenerator<Snapshot[]> {
  return pages('snapshots', (page) =>
    client.call({
      doing: 'list the snapshots',
      method: 'GET',
      path: '/snapshots/detail',
      query: {
        volume_id: filter.volumeId,
        sort: filter.newestFirst ? 'created_at:desc' : undefined,
        ...page,
      },
      ok: [200],
      decode: (answer) => ({
        ...itemsOf(client, answer, 'snapshots', 'snapshot', decodeSnapshot, BLANK),
        more: answer['snapshots_links'] !== undefined,
      }),
    }),
  );
}

export function createSnapshot(client: ServiceClient, snapshot: CreateSnapshot): Promise<Snapshot> {
  return client.call({
    doing: `take a snapshot of volume ${snapshot.volumeId}`,
    method: 'POST',
    path: '/snapshots',
    json: {
      snapshot: {
        volume_id: snapshot.volumeId,
        name: snapshot.name,
        description: snapshot.description,
        metadata: snapshot.metadata,
        force: snapshot.force && !client.supports('3.66') ? true : undefined,
      },
    },
    ok: [202],
    decode: (answer) => decodeSnapshot(field(answer, 'snapshot')),
  });
}

export function updateSnapshot(
  client: ServiceClient,
  snapshotId: string,
  change: { readonly name?: string; readonly description?: string },
): Promise<void> {
  return client.call({
    doing: `change snapshot ${snapshotId}`,
    method: 'PUT',
    path: snapshotUrl(snapshotId),
    json: { snapshot: change },
    ok: [200],
    decode: nothing,
  });
}

/**
 * Starts to delete. Ceph keeps a snapshot while a volume made from it exists: the snapshot then goes back to
 * `available`, and a user message says so.
 */
export function deleteSnapshot(client: ServiceClient, snapshotId: string): Promise<void> {
  return client.call({
    doing: `delete snapshot ${snapshotId}`,
    method: 'DELETE',
    path: snapshotUrl(snapshotId),
    ok: [202, 404],
    decode: nothing,
  });
}

/** Watches all snapshots with one request a tick. */
export function watchSnapshots(client: ServiceClient): Watcher<Snapshot> {
  const { clock, log } = client.session;
  const source = {
    list: () => listSnapshots(client, { newestFirst: true }),
    get: (snapshotId: string) => getSnapshot(client, snapshotId),
  };
  return new Watcher(source, clock, log);
}

const BLANK = {
  fields: { size: 0, created_at: '1970-01-01T00:00:00', volume_id: 'unknown' },
  kept: ['volume_id'],
};

function decodeSnapshot(snapshot: Json): Snapshot {
  return {
    id: id(snapshot, 'id'),
    name: optionalText(snapshot, 'name') ?? '',
    description: optionalText(snapshot, 'description') ?? '',
    status: text(snapshot, 'status'),
    volumeId: id(snapshot, 'volume_id'),
    size: integer(snapshot, 'size'),
    createdAt: moment(snapshot, 'created_at'),
    metadata: strings(snapshot, 'metadata'),
  };
}
