import { createHash } from 'node:crypto';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import type { Manifest, Payload, RestorePoint } from '../../src/manifest/schema.ts';
import { payloadStore } from '../../src/payload/store.ts';
import { directoryPlace } from '../../src/store/directory.ts';
import type { EmbeddedWorld } from '../scenarios/embedded.ts';
import { payloadFiles, STORE } from '../scenarios/sealed.ts';

/** A restore point, and the SHA-256 of the bytes that its payload gives; undefined if it has none. */
export type Taken = RestorePoint & { readonly opened: string | undefined };

export function payloadOf(point: RestorePoint): Payload | undefined {
  return 'payload' in point ? (point.payload ?? undefined) : undefined;
}

/**
 * Expects the terminal's own store to have the payloads that the manifests beside it name, and nothing else, opens them,
 * and takes all of it away.
 *
 * @returns the restore points of all manifests, in their order
 */
export async function takePoints(world: EmbeddedWorld, identity: string): Promise<Taken[]> {
  const points = (await manifestsOf(world)).flatMap(({ restorePoints }) => restorePoints);
  const payloads = points.flatMap((point) => payloadOf(point) ?? []);
  expect(await payloadFiles(world)).toEqual(payloads.map(({ name }) => name).sort());
  const taken: Taken[] = [];
  for (const point of points) {
    const payload = payloadOf(point);
    taken.push({ ...point, opened: payload && (await openedDigest(world, payload, identity)) });
  }
  await rm(join(world.directory, 'openstack-backups'), { recursive: true, force: true });
  return taken;
}

async function manifestsOf({ directory }: EmbeddedWorld): Promise<Manifest[]> {
  const places = await readdir(join(directory, 'openstack-backups')).catch(() => []);
  const texts = await Promise.all(
    places.map((place) =>
      readFile(join(directory, 'openstack-backups', place, 'manifest.json'), 'utf8').catch(() => undefined),
    ),
  );
  return texts.flatMap((text) => (text === undefined ? [] : [JSON.parse(text) as Manifest]));
}

/** Reading compares sizes and digests with those of the manifest. */
async function openedDigest(world: EmbeddedWorld, payload: Payload, identity: string): Promise<string> {
  const place = directoryPlace(STORE(world), {
    run: { id: '11111111-1111-4111-8111-111111111111', owner: 'nobody' },
    liveness: async () => 'alive',
    now: () => Date.now(),
  });
  let size = 0;
  const hash = createHash('sha256');
  for await (const piece of await payloadStore(place, { identity }).open(payload)) {
    size += piece.length;
    hash.update(piece);
  }
  expect(size).toBe(payload.size);
  return hash.digest('hex');
}

export function sha256(pieces: Iterable<Uint8Array>): string {
  const hash = createHash('sha256');
  for (const piece of pieces) hash.update(piece);
  return hash.digest('hex');
}
