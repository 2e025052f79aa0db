import { isMeant, type Selector } from '../plan/select.ts';
import { quoted } from '../text/escape.ts';
import type { Exclusion, PlanEntry, PlanFile } from './plan-file.ts';
import type { Resource } from './resource.ts';
import { holds } from './warnings.ts';
import { selectWords } from './words.ts';

/** What a plan says of one resource. */
export interface Assignment {
  readonly resource: Resource;
  /** Those that take it, in the order of the plan; none where nothing backs it up. */
  readonly entries: readonly PlanEntry[];
  /** Why not, where it is excluded. */
  readonly exclusion: Exclusion | undefined;
  /** The server of the same entry that it is a disk of, by the entry's name: it is saved with that. */
  readonly within: ReadonlyMap<string, Resource>;
}

export interface Assigned {
  readonly assignments: readonly Assignment[];
  /** What was meant and is not there, or means several. */
  readonly doubts: readonly string[];
}

/**
 * Who takes what: an exclusion that holds before all else, then the first entry that matches, and those that say `also`.
 *
 * @param now milliseconds
 */
export function assign(
  { entries, exclusions, zone }: PlanFile,
  resources: readonly Resource[],
  now: number,
): Assigned {
  const holding = exclusions.filter((exclusion) => holds(exclusion, zone, now));
  const ambiguous = new Set(holding.flatMap((exclusion) => severalOf(exclusion, resources)));
  const first = resources.map((resource): Taken => {
    const exclusion = ambiguous.has(resource)
      ? undefined
      : holding.find((candidate) => covers(candidate, resource));
    return { resource, exclusion, entries: exclusion === undefined ? takersOf(entries, resource) : [] };
  });
  const servers = serversByVolume(first);
  return {
    assignments: first.map((one) => ({ ...one, within: withinOf(one, servers) })),
    doubts: [
      ...entries.flatMap((entry) => lacking(entry, resources)),
      ...[...ambiguous].map(
        ({ kind, id, name }) =>
          `the exclusion ${quoted(name)} matches several ${kind}s, so ${kind} ${id} is not excluded: exclude it by its id, or all by name:${name}`,
      ),
    ],
  };
}

/** Whether a selector and kinds mean this resource. */
export function covers(
  { kinds, selectors }: Pick<PlanEntry, 'kinds' | 'selectors'>,
  resource: Resource,
): boolean {
  return kinds.includes(resource.kind) && selectors.some((selector) => isMeant(selector, resource));
}

function takersOf(entries: readonly PlanEntry[], resource: Resource): PlanEntry[] {
  const matching = entries.filter((entry) => covers(entry, resource));
  const first = matching.find(({ also }) => !also);
  return matching.filter((entry) => entry.also || entry === first);
}

/** A name that several have says nothing of which is not to be backed up. */
function severalOf({ kinds, selectors }: Exclusion, resources: readonly Resource[]): Resource[] {
  return selectors.flatMap((selector) => {
    if (selector.kind !== 'one') return [];
    return kinds.flatMap((kind) => {
      const meant = resources.filter((resource) => resource.kind === kind && isMeant(selector, resource));
      return meant.length > 1 && !meant.some(({ id }) => id === selector.nameOrId.toLowerCase()) ? meant : [];
    });
  });
}

type Taken = Omit<Assignment, 'within'>;

/** The servers that a volume is a disk of, by the volume's id. */
function serversByVolume(all: readonly Taken[]): ReadonlyMap<string, readonly Taken[]> {
  const servers = new Map<string, Taken[]>();
  for (const taken of all)
    for (const volume of taken.resource.volumes) servers.set(volume, [...(servers.get(volume) ?? []), taken]);
  return servers;
}

function withinOf(
  { resource, entries }: Taken,
  servers: ReadonlyMap<string, readonly Taken[]>,
): ReadonlyMap<string, Resource> {
  const around = resource.kind === 'volume' ? (servers.get(resource.id) ?? []) : [];
  return new Map(
    entries.flatMap((entry) => {
      const server = around.find((candidate) => candidate.entries.includes(entry));
      return server === undefined ? [] : [[entry.name, server.resource]];
    }),
  );
}

/** A selector that finds nothing: a backup that silently saves nothing is worse than one that fails. */
function lacking({ name, kinds, selectors }: PlanEntry, resources: readonly Resource[]): string[] {
  const among = resources.filter(({ kind }) => kinds.includes(kind));
  const finds = (selector: Selector) => among.some((resource) => isMeant(selector, resource));
  return selectors
    .filter((selector) => !finds(selector))
    .map(
      (selector) => `${quoted(name)}: ${selectWords(selector)} matches no ${kinds.join(', ')} of the project`,
    );
}
