import { InputError } from '../errors.ts';
import { quoted } from '../text/escape.ts';
import type { Duty } from './due.ts';
import { keyOf, type Resource } from './resource.ts';

/** One job of a matrix. */
export interface Shard {
  /** "1 of 20". */
  readonly name: string;
  /** Resources as the input `only` takes them, one per line: "volume:ID". */
  readonly only: string;
  readonly gigabytes: number;
}

/** The most jobs of a matrix: https://docs.github.com/actions/reference/limits */
export const MOST_SHARDS = 256;

const GIB = 2 ** 30;
/** What each resource costs besides its bytes: requests, and waiting for the cloud. */
const EACH = GIB;

/**
 * Splits what is due into at most `most` parts of about the same size. A server stays with its volumes, because two
 * jobs would wait for each other.
 */
export function shardsOf(duties: readonly Duty[], most: number): Shard[] {
  const groups = groupsOf(duties.filter(({ due, within }) => due && within === undefined));
  const parts = Array.from({ length: Math.min(most, MOST_SHARDS, groups.length) }, () => ({
    bytes: 0,
    members: [] as Resource[],
  }));
  for (const group of groups.toSorted((a, b) => sizeOf(b) - sizeOf(a))) {
    const smallest = parts.reduce((least, part) => (part.bytes < least.bytes ? part : least));
    smallest.bytes += sizeOf(group);
    smallest.members.push(...group);
  }
  return parts.map(({ members }, index) => ({
    name: `${index + 1} of ${parts.length}`,
    only: members.map(({ kind, id }) => `${kind}:${id}`).join('\n'),
    gigabytes: Math.round(members.reduce((sum, { bytes }) => sum + bytes, 0) / GIB),
  }));
}

const WORD = /^(server|volume|image|secret):(\S+)$/;

/**
 * Picks the duties of these resources.
 *
 * @param only "volume:ID"; empty means all
 * @throws InputError if one is malformed, or the plan does not ask for it
 */
export function onlyDuties(duties: readonly Duty[], only: readonly string[]): readonly Duty[] {
  if (only.length === 0) return duties;
  const wanted = new Set(
    only.map((word) => {
      const [, kind, id] = WORD.exec(word) ?? [];
      if (kind === undefined || id === undefined)
        throw new InputError(
          `\`only\` has ${quoted(word)}, which is not a resource`,
          'Write volume:ID, server:ID, image:ID or secret:ID.',
        );
      return `${kind} ${id}`;
    }),
  );
  const chosen = duties.filter(({ resource }) => wanted.has(keyOf(resource)));
  const found = new Set(chosen.map(({ resource }) => keyOf(resource)));
  const missing = [...wanted].find((key) => !found.has(key));
  if (missing !== undefined)
    throw new InputError(
      `\`only\` has ${missing}, which no entry of the plan asks for`,
      'Take the ids that `matrix` gives, or leave `only` out. Nothing was changed.',
    );
  return chosen;
}

function sizeOf(group: readonly Resource[]): number {
  return group.reduce((sum, { bytes }) => sum + bytes + EACH, 0);
}

/** Groups the resources that one job has to save, each once, whichever entries ask for it. */
function groupsOf(duties: readonly Duty[]): Resource[][] {
  const resources = new Map(duties.map(({ resource }) => [keyOf(resource), resource]));
  const groups: Resource[][] = [];
  const grouped = new Set<Resource>();
  const group = (members: readonly Resource[]) => {
    const fresh = members.filter((one) => !grouped.has(one));
    for (const one of fresh) grouped.add(one);
    if (fresh.length > 0) groups.push(fresh);
  };
  for (const server of resources.values())
    if (server.kind === 'server')
      group([server, ...server.volumes.flatMap((id) => resources.get(keyOf({ kind: 'volume', id })) ?? [])]);
  for (const one of resources.values()) group([one]);
  return groups;
}
