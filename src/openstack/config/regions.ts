import { InputError } from '../../errors.ts';
import { isMap, normalized, overlaid, type Settings, textOf } from './settings.ts';

export interface Region {
  readonly name: unknown;
  /** Beat the settings of the cloud. */
  readonly values: Settings;
}

/**
 * The regions that settings name, the default first: openstacksdk's `_get_known_regions`.
 *
 * @throws InputError for an entry that is neither a name nor `name` and `values`
 */
export function regionsOf(cloud: string, given: Settings): readonly Region[] {
  const settings = normalized(given);
  const regions = settings['regions'];
  if (Array.isArray(regions) && regions.length > 0)
    return regions.map((entry: unknown) => regionOf(cloud, entry));
  const named = settings['region_name'];
  const names = Array.isArray(named) ? named : (textOf(cloud, 'region_name', named)?.split(',') ?? []);
  return names.map((name: unknown) => ({ name, values: {} }));
}

function regionOf(cloud: string, entry: unknown): Region {
  if (!isMap(entry)) return { name: entry, values: {} };
  const { name, values, ...others } = entry;
  if (name === undefined || Object.keys(others).length > 0 || (values !== undefined && !isMap(values)))
    throw new InputError(
      `cloud "${cloud}": an entry of \`regions\` has other keys than \`name\` and \`values\``,
      'Put its settings below `values:`.',
    );
  return { name, values: values ?? {} };
}

/** A region that is asked for, and by whom: the command line is trusted, a variable may be left over. */
export interface WantedRegion {
  readonly name: string | undefined;
  readonly variable: string | undefined;
}

/**
 * The settings, overlaid with those of the region.
 *
 * @throws InputError if the cloud says which regions it has, and this is none of them
 */
export function inRegion(
  cloud: string,
  settings: Settings,
  known: readonly Region[],
  wanted: WantedRegion,
): Settings {
  const { regions: list, ...own } = settings;
  const names = known.map((region) => textOf(cloud, 'regions', region.name) ?? '');
  const asked = wanted.name ?? wanted.variable;
  const at = asked === undefined ? 0 : names.indexOf(asked);
  const region = known[at];
  if (asked !== undefined && region === undefined && known.length > 0) {
    if (wanted.name === undefined)
      throw new InputError(
        `cloud "${cloud}" has the region ${names.join(', ')}, and OS_REGION_NAME is "${asked}"`,
        'Unset OS_REGION_NAME, or name the region as `region`.',
      );
    if (Array.isArray(list))
      throw new InputError(`cloud "${cloud}" has no region "${asked}"`, `It has: ${names.join(', ')}.`);
  }
  const values = Object.entries(region?.values ?? {}).filter(([, value]) => value !== null);
  return { ...overlaid(own, Object.fromEntries(values)), region_name: asked ?? region?.name };
}
