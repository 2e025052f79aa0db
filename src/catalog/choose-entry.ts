import { InputError } from '../errors.ts';
import { quoted } from '../text/escape.ts';
import type { Entry } from './entries.ts';
import { pick } from './pick.ts';

/** Names a restore point: by its id, the id of its data, or its resource. */
export interface Meant {
  readonly point: string | undefined;
  readonly resource: { readonly kind: Entry['kind']; readonly wanted: string } | undefined;
  /** Milliseconds; selects the newest unbroken point by then. */
  readonly at: number | undefined;
}

/** @throws InputError that lists what there is */
export function chooseEntry(entries: readonly Entry[], { point, resource, at }: Meant): Entry {
  if (point !== undefined) {
    const meant = entries.find((entry) => entry.point === point || entry.data === point);
    if (meant !== undefined) return meant;
    throw new InputError(`no restore point ${quoted(point)}`, candidates(entries, nameOfPoint));
  }
  if (resource === undefined)
    throw new InputError(
      'no restore point given',
      `Give one with \`point\`, or the newest of a resource with \`volume\`, \`server\`, \`image\` or \`secret\`. ${candidates(entries, nameOfPoint)}`,
    );
  const { kind, wanted } = resource;
  const all = pick(entries, { resources: { [kind]: [wanted] }, since: undefined, at: undefined });
  if (all.length === 0)
    throw new InputError(
      `no restore point of ${kind} ${quoted(wanted)}`,
      candidates(
        entries.filter((entry) => entry.kind === kind),
        ({ name, id }) => `${quoted(name)} (${id})`,
      ),
    );
  const ids = [...new Set(all.map(({ id }) => id))];
  if (ids.length > 1)
    throw new InputError(
      `${ids.length} ${kind}s are called ${quoted(wanted)}: ${ids.join(', ')}`,
      'Give the id of the one you mean.',
    );
  const [newest] = at === undefined ? all : pick(all, { resources: {}, since: undefined, at });
  if (newest !== undefined) return newest;
  throw new InputError(
    `no restore point of ${kind} ${quoted(wanted)} up to ${new Date(at ?? 0).toISOString()} that is not broken`,
    candidates(all, ({ time, state }) => (state === 'broken' ? `${time} (broken)` : time)),
  );
}

const MOST = 20;

function nameOfPoint({ point, kind, name, time }: Entry): string {
  return `${point} (${kind} ${quoted(name)}, ${time})`;
}

function candidates(entries: readonly Entry[], told: (entry: Entry) => string): string {
  const newestFirst = entries.toSorted((a, b) => Date.parse(b.time) - Date.parse(a.time));
  const all = [...new Set(newestFirst.map(told))];
  if (all.length === 0) return 'There is none in these manifests.';
  const more = all.length > MOST ? `, and ${all.length - MOST} more` : '';
  return `There are: ${all.slice(0, MOST).join(', ')}${more}.`;
}
