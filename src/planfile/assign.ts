import { isMeant, type Selector } from '../plan/select.ts';
import { quoted } from '../text/escape.ts';
import type { Exclusion, PlanEntry, PlanFile } from './plan-file.ts';
import type { Resource } from './resource.ts';
import { holds } from './warnings.ts';
import { selectWords } from './words.ts';

/** What a plan says about one resource. */
export interface Assignment {
  readonly resource: Resource;
  /** The entries that take it, in the order of the plan; empty if none does. */
  readonly entries: readonly PlanEntry[];
  /** Set if it is excluded. */
  readonly exclusion: Exclusion | undefined;
  /** By the name of an entry, the server of that entry that has it as a disk and saves it. */
  readonly within: ReadonlyMap<string, Resource>;
}

export interface Assigned {
  readonly assignments: readonly Assignment[];
  /** Selectors that find nothing, or names that mean several resources. */
  readonly doubts: readonly string[];
}

/**
 * Assigns resources to entries. An exclusion that holds comes before everything else, then the first entry that
 * matches, and all that say `also`.
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

/** Whether an entry's selectors and kinds mean this resource. */
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

/** An exclusion by a name that several share does not say which one to skip. */
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

/** The servers that have a volume as a disk, by the volume's id. */
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

/** Reports selectors that find nothing: a backup that silently saves nothing is worse than one that fails. */
function lacking({ name, kinds, selectors }: PlanEntry, resources: readonly Resource[]): string[] {
  const among = resources.filter(({ kind }) => kinds.includes(kind));
  const finds = (selector: Selector) => among.some((resource) => isMeant(selector, resource));
  return selectors
    .filter((selector) => !finds(selector))
    .map(
      (selector) => `${quoted(name)}: ${selectWords(selector)} matches no ${kinds.join(', ')} of the project`,
    );
}
