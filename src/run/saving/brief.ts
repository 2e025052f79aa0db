import type { Payload, RestorePoint } from '../../manifest/schema.ts';
import { GIB } from '../../text/bytes.ts';

/** A restore point in the output `restore-points`. */
export type Brief = Readonly<Record<string, string | number | boolean>>;

export function briefOf(point: RestorePoint): Brief {
  const { id, method, resource } = point;
  return { id, kind: resource.kind, resource: resource.id, name: resource.name, method, ...factsOf(point) };
}

function factsOf(point: RestorePoint): Brief {
  switch (point.method) {
    case 'cinder-backup':
      return {
        volume: point.resource.id,
        backup: point.backup.id,
        mode: point.backup.incremental ? 'incremental' : 'full',
        sizeBytes: point.resource.size * GIB,
      };
    case 'image':
      return {
        volume: point.resource.id,
        sizeBytes: point.resource.size * GIB,
        ...(point.image.kept ? { image: point.image.id } : {}),
        ...(point.payload === null ? {} : storedFacts(point.payload)),
      };
    case 'download':
      return { image: point.resource.id, sizeBytes: point.payload.size, ...storedFacts(point.payload) };
    case 'kept':
      return { image: point.resource.id, sizeBytes: point.resource.size };
    case 'sealed':
    case 'plaintext':
      return { secret: point.resource.id, payload: point.payload.name };
    case 'disks':
      return {
        server: point.resource.id,
        consistency: point.consistency,
        disks: point.resource.disks.length,
      };
  }
}

/** Of blocks, also how many bytes were sent, and how many of the disk were in the store already. */
function storedFacts(payload: Payload): Brief {
  const { name } = payload;
  return payload.layout === 'file'
    ? { payload: name }
    : { payload: name, sent: payload.sent, takenOver: payload.takenOver };
}
