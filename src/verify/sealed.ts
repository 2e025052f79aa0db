import type { State } from '../catalog/whole.ts';
import type { Receipt } from '../manifest/receipt.ts';
import type { Subject } from './subjects.ts';

/** A sealed manifest, by what its envelope says. */
export interface Sealed {
  readonly reference: string;
  readonly receipt: Receipt;
}

/** Names of maps end in the id of their point; those of files have it before what tells how to open them. */
const ID = /-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?:\.[^/]*)?$/;

/**
 * The points of manifests that this run cannot open, to compare what is stored of them. What is not there may have been
 * pruned by a record that is sealed, too, so only the others count.
 *
 * @param sizes of the payloads in the store, by name
 * @param since milliseconds
 */
export function sealedSubjects(
  manifests: readonly Sealed[],
  sizes: ReadonlyMap<string, number>,
  since: number | undefined,
): { readonly subjects: readonly Subject[]; readonly absent: number } {
  const names = new Map([...sizes.keys()].map((name) => [ID.exec(name)?.[1], name]));
  const subjects = new Map<string, Subject>();
  let absent = 0;
  for (const { reference, receipt } of manifests)
    for (const { kind, time, stored } of receipt.points) {
      if (stored === undefined || Date.parse(time) < (since ?? 0)) continue;
      const name = names.get(stored.point);
      if (name === undefined) absent += 1;
      else subjects.set(stored.point, subjectOf(reference, { kind, time, stored, name }, sizes.get(name)));
    }
  return { subjects: [...subjects.values()], absent };
}

/** Whether all that such a manifest has in the store can be found by what its envelope says. */
export function saysAll({ points }: Receipt): boolean {
  return points.every(
    ({ kind, stored, pieces }) =>
      stored !== undefined ||
      kind === 'server' ||
      (kind !== 'secret' && pieces.every(({ inCloud }) => inCloud !== undefined)),
  );
}

type Point = Pick<Receipt['points'][number], 'kind' | 'time'> & {
  readonly stored: NonNullable<Receipt['points'][number]['stored']>;
  readonly name: string;
};

function subjectOf(
  reference: string,
  { kind, time, stored, name }: Point,
  found: number | undefined,
): Subject {
  const { point, size, sha256 } = stored;
  const state: State =
    found === size
      ? { state: 'whole', why: '' }
      : { state: 'broken', why: `payload ${name} has ${found} bytes, but ${size} were stored` };
  const layout = name.includes('/') ? 'blocks' : 'file';
  return {
    entry: {
      time,
      kind,
      name: '',
      id: '',
      point,
      method: 'image',
      chain: '',
      size: undefined,
      consistency: '',
      key: '',
      data: name,
      manifest: reference,
      doubt: '',
      project: '',
      tags: [],
      state: 'whole',
      why: '',
    },
    cloud: undefined,
    references: [reference],
    altered: undefined,
    parts: [
      {
        state,
        stored: {
          what: `payload ${name}`,
          payload: { layout, name, size: 0, stored: { size, sha256 }, sealed: true },
          whole: undefined,
          isDisk: kind !== 'secret',
          encrypted: false,
          key: undefined,
        },
      },
    ],
  };
}
