import type { Manifest, RestorePoint } from '../manifest/schema.ts';
import { quoted } from '../text/escape.ts';
import type { Entry } from './entries.ts';

/**
 * What a restore point needs besides its own data, a line each: a server's disks, an encrypted volume's or image's key.
 */
export function needsOf(point: RestorePoint, manifest: Manifest, entries: readonly Entry[]): string[] {
  const states = new Map(entries.map((entry) => [entry.point, entry.state]));
  const named = new Map(manifest.restorePoints.map(({ id, resource }) => [id, resource]));
  if (point.method === 'disks')
    return point.resource.disks.map(({ point: id, bootIndex }) => {
      const disk = named.get(id);
      const root = bootIndex === 0 ? ', which it boots from' : '';
      return `disk ${quoted(disk?.name ?? '')}${root}: restore point ${id}, ${states.get(id) ?? 'unknown'}`;
    });
  const { resource } = point;
  const key = 'encryption' in resource ? resource.encryption?.key : undefined;
  if (key === undefined) return [];
  const inCloud = key.id === null ? 'a key that the cloud hides' : `key ${key.id} in the cloud`;
  const saved =
    key.point === undefined
      ? []
      : [`saved key: restore point ${key.point}, ${states.get(key.point) ?? 'unknown'}`];
  // Only the saved key opens data that left the cloud.
  const left = 'payload' in point && point.payload !== null;
  return left ? saved : [inCloud, ...saved];
}
