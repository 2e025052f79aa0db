import { id, type Json, list, text } from '../../decode.ts';
import { pages, type ServiceClient } from '../../service.ts';

// https://docs.openstack.org/api-ref/block-storage/v3/#volume-snapshots-snapshots

export interface Snapshot {
  readonly id: string;
  readonly status: string;
  readonly volumeId: string;
}

export function listSnapshots(
  client: ServiceClient,
  filter: { readonly volumeId?: string },
): AsyncGenerator<Snapshot[]> {
  return pages((page) =>
    client.call({
      doing: 'list the snapshots',
      method: 'GET',
      path: '/snapshots/detail',
      query: { volume_id: filter.volumeId, ...page },
      ok: [200],
      decode: (answer) => ({
        items: list(answer, 'snapshots', decodeSnapshot),
        more: answer['snapshots_links'] !== undefined,
      }),
    }),
  );
}

function decodeSnapshot(snapshot: Json): Snapshot {
  return { id: id(snapshot, 'id'), status: text(snapshot, 'status'), volumeId: id(snapshot, 'volume_id') };
}
