import { InputError } from '../../errors.ts';
import { isUuid } from '../../openstack/decode.ts';
import { quoted } from '../../text/escape.ts';

/** One entry of the input `volumes`. */
export type Selector =
  | { readonly kind: 'all' }
  | { readonly kind: 'metadata'; readonly key: string; readonly value: string | undefined }
  | { readonly kind: 'name'; readonly pattern: string }
  | { readonly kind: 'one'; readonly nameOrId: string };

/** What selecting looks at; a volume of the cloud has it all. */
export interface Selectable {
  readonly id: string;
  readonly name: string;
  readonly size: number;
  readonly status: string;
  readonly metadata: Readonly<Record<string, string>>;
}

/** @throws InputError for an empty list or a selector of no known form */
export function parseSelectors(entries: readonly string[]): Selector[] {
  if (entries.length === 0)
    throw new InputError(
      '`volumes` names no volume',
      'Give ids, names, metadata:KEY=VALUE, name:PATTERN or all.',
    );
  return entries.map(parseSelector);
}

function parseSelector(entry: string): Selector {
  if (entry === 'all') return { kind: 'all' };
  if (entry.startsWith('metadata:')) {
    const [key = '', ...value] = entry.slice('metadata:'.length).split('=');
    if (key === '')
      throw new InputError(
        `${quoted(entry)} names no metadata key`,
        'Write metadata:KEY=VALUE, or metadata:KEY for any value.',
      );
    return { kind: 'metadata', key, value: value.length === 0 ? undefined : value.join('=') };
  }
  if (entry.startsWith('name:')) {
    const pattern = entry.slice('name:'.length);
    if (pattern === '')
      throw new InputError(
        `${quoted(entry)} names no pattern`,
        'Write name:db-* for example; * stands for any characters.',
      );
    return { kind: 'name', pattern };
  }
  return { kind: 'one', nameOrId: entry };
}

/**
 * The volumes that the selectors mean, each once, in the order of the selectors.
 *
 * @throws InputError for a name that is unknown or ambiguous, or a selector that finds nothing: a backup that silently
 * saves nothing is worse than one that fails
 */
export function selectVolumes<V extends Selectable>(
  selectors: readonly Selector[],
  volumes: readonly V[],
): V[] {
  const selected = new Map<string, V>();
  for (const selector of selectors)
    for (const volume of matching(selector, volumes)) selected.set(volume.id, volume);
  return [...selected.values()];
}

function matching<V extends Selectable>(selector: Selector, volumes: readonly V[]): V[] {
  switch (selector.kind) {
    case 'all':
      return some(
        volumes.filter(() => true),
        'all',
        'the project has no volumes',
      );
    case 'metadata':
      return some(
        volumes.filter(({ metadata }) =>
          selector.value === undefined
            ? Object.hasOwn(metadata, selector.key)
            : metadata[selector.key] === selector.value,
        ),
        `metadata:${selector.key}${selector.value === undefined ? '' : `=${selector.value}`}`,
        'no volume of the project has that metadata',
      );
    case 'name': {
      const pattern = globOf(selector.pattern);
      return some(
        volumes.filter(({ name }) => pattern.test(name)),
        `name:${selector.pattern}`,
        'no volume of the project has such a name',
      );
    }
    case 'one':
      return [oneVolume(selector.nameOrId, volumes)];
  }
}

function some<V>(found: V[], selector: string, why: string): V[] {
  if (found.length === 0)
    throw new InputError(
      `the selector ${quoted(selector)} finds nothing: ${why}`,
      'List them with: openstack volume list --long',
    );
  return found;
}

/** The volume with this id, else the only one with this name. */
export function oneVolume<V extends Selectable>(nameOrId: string, volumes: readonly V[]): V {
  const byId = volumes.find(({ id }) => id === nameOrId.toLowerCase());
  if (byId !== undefined) return byId;
  const [first, ...more] = volumes.filter(({ name }) => name === nameOrId);
  if (first === undefined)
    throw new InputError(
      isUuid(nameOrId)
        ? `there is no volume with the id ${nameOrId} in the project`
        : `there is no volume called ${quoted(nameOrId)} in the project`,
      'List them with: openstack volume list. Volumes of other projects cannot be seen with these credentials.',
    );
  if (more.length > 0)
    throw new InputError(
      `${more.length + 1} volumes are called ${quoted(nameOrId)}: ${[first, ...more].map(({ id, size, status }) => `${id} (${size} GiB, ${status})`).join(', ')}`,
      'Give the id of the one that is meant.',
    );
  return first;
}

/** `*` any characters, `?` any one; all else is itself. */
function globOf(pattern: string): RegExp {
  const source = [...pattern].map((character) =>
    character === '*' ? '.*' : character === '?' ? '.' : character.replace(/[.+^${}()|[\]\\/]/g, '\\$&'),
  );
  return new RegExp(`^${source.join('')}$`, 'su');
}
