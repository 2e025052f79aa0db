import { listVolumes, type Volume } from '../openstack/blockstorage/v3/volumes.ts';
import type { ServiceClient } from '../openstack/connection.ts';
import { firstIn } from '../pool.ts';
import { readTemporary } from './tags.ts';

/** The volume made by a request whose answer was lost: its record holds the request's tag. */
export function volumeWithTag(client: ServiceClient, tag: string): Promise<Volume | undefined> {
  return firstIn(listVolumes(client, { newestFirst: true }), (volume) => readTemporary(volume)?.tag === tag);
}
