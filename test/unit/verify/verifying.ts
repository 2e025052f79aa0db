import { entriesOf } from '../../../src/catalog/entries.ts';
import { judge, type Shelf } from '../../../src/catalog/whole.ts';
import type { BlocksPayload, Level, RestorePoint } from '../../../src/manifest/schema.ts';
import { payloadStore } from '../../../src/payload/store.ts';
import type { Place } from '../../../src/store/place.ts';
import { readAll, workFor } from '../../../src/verify/read.ts';
import type { Sample } from '../../../src/verify/sample.ts';
import { subjectsOf } from '../../../src/verify/subjects.ts';
import { type Verdict, verdictOf } from '../../../src/verify/verdict.ts';
import { manifestWith, volumeImagePoint } from '../../support/points.ts';

/** A point of a volume whose disk is in a place. */
export function pointWith(
  payload: Pick<BlocksPayload, 'name' | 'size' | 'digest' | 'stored'>,
  sealed = false,
): RestorePoint {
  const point = volumeImagePoint();
  return {
    ...point,
    image: { ...point.image, size: payload.size },
    payload: {
      layout: 'blocks',
      place: 'memory',
      compression: 'zstd',
      sealed,
      sent: 0,
      takenOver: 0,
      kept: 0,
      ...payload,
    },
  };
}

/** Verifies the points as the command does, from what is listed to the verdicts. */
export async function verifying(
  place: Place,
  points: readonly RestorePoint[],
  level: Level,
  { identity, sample }: { readonly identity?: string; readonly sample?: Sample } = {},
): Promise<Verdict[]> {
  const sizes = new Map<string, number>();
  for await (const { name, size } of place.list()) sizes.set(name, size);
  const shelf: Shelf = { place: place.name, sizes, unknown: '' };
  const manifest = manifestWith(...points);
  const found = { manifest, references: ['/m'], doubt: undefined };
  const subjects = subjectsOf([found], entriesOf(found), judge({ inventory: undefined, shelf }), false);
  const { signal } = new AbortController();
  const work = await workFor(place, subjects, level, sample, signal);
  const reading = {
    place,
    store: payloadStore(place, { identity }),
    hide: () => undefined,
    signal,
    onBytes: () => undefined,
  };
  const seen = await readAll(work, reading, () => undefined);
  return subjects.map((subject) => verdictOf(subject, level, (name) => seen.get(name)));
}

/** "L1a", "L0: payload … was altered", "L1a, unsure: …". */
export const told = ({ level, sampled, fault, unsure }: Verdict) =>
  [
    `${level}${sampled === undefined ? '' : ` of ${sampled} %`}`,
    ...(fault === undefined ? [] : [fault]),
    ...(unsure === undefined ? [] : [`unsure: ${unsure}`]),
  ].join(': ');
