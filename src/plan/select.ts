import { isUuid } from '../decode.ts';
import { InputError } from '../errors.ts';
import type { Kind } from '../manifest/points.ts';
import { quoted } from '../text/escape.ts';
import { matches } from './glob.ts';

/** One entry of the inputs `volumes`, `images`, `servers` and `secrets`. */
export type Selector =
  | { readonly kind: 'all' }
  | { readonly kind: 'metadata'; readonly key: string; readonly value: string | undefined }
  | { readonly kind: 'name'; readonly pattern: string }
  | { readonly kind: 'one'; readonly nameOrId: string };

/** What a selector matches against. */
export interface Selectable extends Named {
  /** The properties, for an image. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** @throws InputError if the list is empty or a selector is malformed */
export function parseSelectors(kind: Kind, entries: readonly string[]): Selector[] {
  if (entries.length === 0)
    throw new InputError(`no ${kind}s given`, 'Give ids, names, metadata:KEY=VALUE, name:PATTERN or all.');
  return entries.map(parseSelector);
}

function parseSelector(entry: string): Selector {
  if (entry === 'all') return { kind: 'all' };
  if (entry.startsWith('metadata:')) {
    const [key = '', ...value] = entry.slice('metadata:'.length).split('=');
    if (key === '')
      throw new InputError(
        `${quoted(entry)} has no metadata key`,
        'Write metadata:KEY=VALUE, or metadata:KEY for any value.',
      );
    return { kind: 'metadata', key, value: value.length === 0 ? undefined : value.join('=') };
  }
  if (entry.startsWith('name:')) {
    const pattern = entry.slice('name:'.length);
    if (pattern === '')
      throw new InputError(
        `${quoted(entry)} has no pattern`,
        'Write name:db-* for example; * stands for any characters.',
      );
    return { kind: 'name', pattern };
  }
  return { kind: 'one', nameOrId: entry };
}

/**
 * The resources that the selectors mean, each once, in the order of the selectors.
 *
 * @throws InputError if a name is unknown or ambiguous, or a selector finds nothing: a backup that silently saves
 * nothing is worse than one that fails
 */
export function select<T extends Selectable>(
  kind: Kind,
  selectors: readonly Selector[],
  all: readonly T[],
): T[] {
  const selected = new Map<string, T>();
  const known = knownBy(all);
  for (const selector of selectors)
    for (const found of matching(kind, selector, all, known)) selected.set(found.id, found);
  return [...selected.values()];
}

function matching<T extends Selectable>(
  kind: Kind,
  selector: Selector,
  all: readonly T[],
  known: Known<T>,
): T[] {
  const some = (found: T[], entry: string, why: string) => {
    if (found.length > 0) return found;
    throw new InputError(
      `the selector ${quoted(entry)} matches nothing: ${why}`,
      `List them with: openstack ${kind} list --long`,
    );
  };
  switch (selector.kind) {
    case 'all':
      return some([...all], 'all', `the project has no ${kind}s`);
    case 'metadata':
      return some(
        all.filter((one) => isMeant(selector, one)),
        `metadata:${selector.key}${selector.value === undefined ? '' : `=${selector.value}`}`,
        `no ${kind} of the project has that metadata`,
      );
    case 'name':
      return some(
        all.filter((one) => isMeant(selector, one)),
        `name:${selector.pattern}`,
        `no ${kind} of the project has such a name`,
      );
    case 'one':
      return [oneKnown(kind, selector.nameOrId, known, severalNamed(selector.nameOrId))];
  }
}

/** Whether a selector matches this resource; a shared name matches each that has it. */
export function isMeant(selector: Selector, { id, name, metadata }: Selectable): boolean {
  switch (selector.kind) {
    case 'all':
      return true;
    case 'metadata':
      return selector.value === undefined
        ? Object.hasOwn(metadata, selector.key)
        : metadata[selector.key] === selector.value;
    case 'name':
      return matches([...selector.pattern], [...name]);
    case 'one':
      return id === selector.nameOrId.toLowerCase() || name === selector.nameOrId;
  }
}

/** Refuses a shared name: after a restore, it may mean another resource than the one saved so far. */
function severalNamed(name: string): string {
  return `Give the id of the one you mean, or name:${name} for all of them. If a restore put one beside the other, delete or rename the one you do not need.`;
}

/** A resource's id and name, and what tells two of the same name apart. */
export interface Named {
  readonly id: string;
  readonly name: string;
  /** GiB, for a volume. */
  readonly size?: number | undefined;
  readonly status?: string | undefined;
}

/**
 * The resource with this id, else the only one with this name.
 *
 * @throws InputError
 */
export function oneOf<T extends Named>(
  kind: Kind,
  nameOrId: string,
  all: readonly T[],
  several = 'Give the id of the one you mean.',
): T {
  return oneKnown(kind, nameOrId, knownBy(all), several);
}

/** The indexes, built once: a plan may name each of its volumes. */
interface Known<T> {
  readonly ids: ReadonlyMap<string, T>;
  readonly names: ReadonlyMap<string, readonly T[]>;
}

function knownBy<T extends Named>(all: readonly T[]): Known<T> {
  return { ids: new Map(all.map((one) => [one.id, one])), names: Map.groupBy(all, ({ name }) => name) };
}

function oneKnown<T extends Named>(
  kind: Kind,
  nameOrId: string,
  { ids, names }: Known<T>,
  several: string,
): T {
  const byId = ids.get(nameOrId.toLowerCase());
  if (byId !== undefined) return byId;
  const [first, ...more] = names.get(nameOrId) ?? [];
  if (first === undefined)
    throw new InputError(
      isUuid(nameOrId)
        ? `there is no ${kind} with the id ${nameOrId} in the project`
        : `there is no ${kind} called ${quoted(nameOrId)} in the project`,
      `List them with: openstack ${kind} list. The ${kind}s of other projects cannot be seen with these credentials.`,
    );
  if (more.length > 0)
    throw new InputError(
      `${more.length + 1} ${kind}s are called ${quoted(nameOrId)}: ${[first, ...more].map((one) => told(kind, one)).join(', ')}`,
      several,
    );
  return first;
}

function told(kind: Kind, { id, size, status }: Named): string {
  const facts = [kind === 'volume' && size !== undefined ? `${size} GiB` : undefined, status];
  return `${id} (${facts.filter((fact) => fact !== undefined).join(', ')})`;
}
