import type { Entry } from '../catalog/entries.ts';
import type { Found } from '../catalog/found.ts';
import type { State } from '../catalog/whole.ts';
import type { Manifest, Payload, RestorePoint, SecretPoint } from '../manifest/schema.ts';
import { quoted } from '../text/escape.ts';

/** A restore point to verify, with all that its restore needs. */
export interface Subject {
  readonly entry: Entry;
  /** Undefined: its manifest could not be opened. */
  readonly cloud: Manifest['cloud'] | undefined;
  /** The places of its manifests, as a restore names them. */
  readonly references: readonly string[];
  /** Why its manifest is not what was published; undefined if it is, as far as can be told. */
  readonly altered: string | undefined;
  readonly parts: readonly Part[];
}

/** The data of one restore point: of the subject itself, a disk or a key. */
export interface Part {
  readonly state: State;
  /** Undefined: it is in the cloud. */
  readonly stored: StoredPart | undefined;
  /** GiB of the volume that it is of; undefined: of none. */
  readonly gigabytes?: number;
  /** Whether a server can boot from that volume. */
  readonly bootable?: boolean;
}

/** What it takes to compare stored bytes. */
export type StoredPayload = Pick<Payload, 'layout' | 'name' | 'size' | 'stored' | 'sealed'>;

/** Data in the store. */
export interface StoredPart {
  /** For messages: the payload and what it is of. */
  readonly what: string;
  readonly payload: StoredPayload;
  /** All that its manifest says; undefined if that could not be opened. */
  readonly whole: Payload | undefined;
  /** False for a key. */
  readonly isDisk: boolean;
  /** Whether the disk is encrypted, as the cloud said. */
  readonly encrypted: boolean;
  /** The key that was saved for it. */
  readonly key: SecretPoint | undefined;
}

/**
 * The points to verify, each once, in the order of the entries.
 *
 * @param entries of points that a manifest lists
 * @param isChecked whether a key was given that a signature must match
 */
export function subjectsOf(
  found: readonly Found[],
  entries: readonly Entry[],
  statesOf: (manifest: Manifest) => ReadonlyMap<string, State>,
  isChecked: boolean,
): Subject[] {
  const homes = new Map(
    found.flatMap((one) => one.manifest.restorePoints.map(({ id }) => [id, one] as const)).reverse(),
  );
  const known = new Map<Found, (point: string) => Part[]>();
  const seen = new Set<string>();
  return entries.flatMap((entry): Subject[] => {
    const home = homes.get(entry.point);
    if (home === undefined || seen.has(entry.point)) return [];
    seen.add(entry.point);
    const partsOf = known.get(home) ?? partsIn(home.manifest, statesOf(home.manifest));
    known.set(home, partsOf);
    const { manifest, references, doubt } = home;
    const isAltered = doubt !== undefined && (isChecked || doubt.what.startsWith('was altered'));
    const altered = isAltered ? `its manifest ${doubt.what}` : undefined;
    return [{ entry, cloud: manifest.cloud, references, altered, parts: partsOf(entry.point) }];
  });
}

/** The parts of each point of a manifest: its own data, that of its disks, and their keys. */
function partsIn(manifest: Manifest, states: ReadonlyMap<string, State>): (point: string) => Part[] {
  const points = new Map(manifest.restorePoints.map((point) => [point.id, point]));
  const partsOf = (id: string): Part[] => {
    const point = points.get(id);
    if (point === undefined) return [];
    if (point.method === 'disks') return point.resource.disks.flatMap((disk) => partsOf(disk.point));
    const key = keyOf(point, points);
    const part = {
      state: states.get(id) ?? UNKNOWN,
      stored: storedIn(point, key),
      ...(point.resource.kind === 'volume' && {
        gigabytes: point.resource.size,
        bootable: point.resource.bootable,
      }),
    };
    return [part, ...(key === undefined ? [] : partsOf(key.id))];
  };
  return partsOf;
}

const UNKNOWN: State = { state: 'unknown', why: 'not checked' };

function keyOf(point: RestorePoint, points: ReadonlyMap<string, RestorePoint>): SecretPoint | undefined {
  const encryption = 'encryption' in point.resource ? point.resource.encryption : null;
  const key = points.get(encryption?.key.point ?? '');
  return key?.method === 'sealed' || key?.method === 'plaintext' ? key : undefined;
}

function storedIn(point: RestorePoint, key: SecretPoint | undefined): StoredPart | undefined {
  const payload = 'payload' in point ? point.payload : null;
  if (payload === null) return undefined;
  const { kind, name, id } = point.resource;
  return {
    what: `payload ${payload.name} of ${kind} ${quoted(name)} (${id})`,
    payload,
    whole: payload,
    isDisk: kind !== 'secret',
    encrypted: 'encryption' in point.resource && point.resource.encryption !== null,
    key,
  };
}
