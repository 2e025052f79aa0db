import { InputError } from '../../errors.ts';
import { Unclear } from './yaml.ts';

/** Settings of one cloud, as openstacksdk knows them: `auth` beside the others. */
export type Settings = Readonly<Record<string, unknown>>;

export function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Unclear);
}

/** Maps are merged key by key, everything else is replaced: openstacksdk's `merge_clouds`. */
export function mergedDeep(under: unknown, over: unknown): unknown {
  if (!isMap(under) || !isMap(over)) return over;
  const merged: Record<string, unknown> = { ...under };
  for (const [key, value] of Object.entries(over))
    merged[key] = Object.hasOwn(merged, key) ? mergedDeep(merged[key], value) : value;
  return merged;
}

/** Lays values over settings, `auth` key by key: openstacksdk's `_auth_update`. */
export function overlaid(under: Settings, over: Settings): Settings {
  const { auth, ...others } = over;
  if (!('auth' in over)) return { ...under, ...others };
  return {
    ...under,
    ...others,
    auth: isMap(under['auth']) && isMap(auth) ? { ...under['auth'], ...auth } : auth,
  };
}

/** Turns hyphens in keys into underscores; the later key wins. */
export function normalized(settings: Settings): Settings {
  const own: Record<string, unknown> = Object.create(null);
  for (const [key, value] of Object.entries(settings)) {
    const name = key.replaceAll('-', '_');
    // `endpoint_type` is the old word for `interface`, and beats it: openstacksdk's `_fix_backwards_interface`.
    own[key.endsWith('endpoint_type') ? name.replace(/endpoint_type$/, 'interface') : name] = value;
  }
  return own;
}

/**
 * The text of a setting; undefined if it is missing, null or empty.
 *
 * @throws InputError if YAML reads the text as something else
 */
export function textOf(cloud: string, key: string, value: unknown): string | undefined {
  if (typeof value === 'string') return value === '' ? undefined : value;
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'boolean' || value instanceof Unclear)
    throw new InputError(
      `cloud "${cloud}": put \`${key}\` in quotes: without them YAML reads ${value instanceof Unclear ? value.what : 'true or false'}`,
      'Other tools would send something other than what you wrote.',
    );
  throw new InputError(`cloud "${cloud}": \`${key}\` is not text`, 'Write one value, on one line.');
}

/**
 * Fills `{region_name}` and the like with other settings, as Python's `str.format` does.
 *
 * @throws InputError for a name that no setting has
 */
export function filled(cloud: string, key: string, value: string, settings: Settings): string {
  return value.replace(/\{\{|\}\}|\{([^{}]*)\}/g, (all, name: string | undefined) => {
    if (name === undefined) return all.slice(1);
    const own = textOf(cloud, name, settings[name]);
    if (own !== undefined) return own;
    throw new InputError(
      `cloud "${cloud}": \`${key}\` has ${all}, which has no value`,
      `Write the value itself, or set \`${name}\`.`,
    );
  });
}
