import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { InputError } from '../../errors.ts';
import { looksLike } from './looks-like.ts';
import { isMap, mergedDeep } from './settings.ts';
import { readJson, readYaml } from './yaml.ts';

export type Variables = Readonly<Record<string, string | undefined>>;

/** A file, entry by entry; an entry that is not chosen may hold anything. */
export interface CloudsFile {
  /** Where it was found, for messages. */
  readonly path: string;
  readonly clouds: Readonly<Record<string, unknown>>;
}

/**
 * The clouds of the first `clouds.yaml`, with those of the first `secure.yaml` merged over them.
 * Order and names as openstacksdk config/loader.py: the named file, the working directory, the user's, the site's.
 *
 * @throws InputError if a file cannot be read; openstacksdk would silently take the next
 */
export async function readCloudsFiles(
  environment: Variables,
  directory: string,
): Promise<CloudsFile | undefined> {
  const clouds = await firstFile('clouds', 'OS_CLIENT_CONFIG_FILE', directory, environment);
  const secure = await firstFile('secure', 'OS_CLIENT_SECURE_FILE', directory, environment);
  const overlay = secure === undefined ? undefined : await read(secure.text, secure.path);
  if (clouds === undefined) {
    if (secure === undefined || !isMap(overlay) || !isMap(overlay['clouds'])) return undefined;
    return { path: secure.path, clouds: overlay['clouds'] };
  }
  if (secure !== undefined && overlay !== null && !isMap(overlay))
    throw new InputError(`${secure.path} is not a map`, 'It starts with `clouds:`, as clouds.yaml does.');
  const own = await parseClouds(clouds.text, clouds.path);
  const over = isMap(overlay) && isMap(overlay['clouds']) ? overlay['clouds'] : {};
  return { path: clouds.path, clouds: mergedDeep(own, over) as CloudsFile['clouds'] };
}

/** The profile of that name in the first `clouds-public.yaml`. */
export async function readProfile(
  name: string,
  environment: Variables,
  directory: string,
): Promise<Readonly<Record<string, unknown>> | undefined> {
  const file = await firstFile('clouds-public', undefined, directory, environment);
  if (file === undefined) return undefined;
  const root = await read(file.text, file.path);
  const profiles = isMap(root) ? root['public-clouds'] : undefined;
  const profile = isMap(profiles) && Object.hasOwn(profiles, name) ? profiles[name] : undefined;
  return isMap(profile) ? profile : undefined;
}

/**
 * The `clouds:` map of a text.
 *
 * @throws InputError that names the line, never its contents: they may hold a password
 */
export async function parseClouds(text: string, path: string): Promise<Readonly<Record<string, unknown>>> {
  const like = looksLike(text);
  if (like !== undefined) throw new InputError(`${path} ${like.what}`, like.hint);
  const root = await read(text, path);
  const clouds = isMap(root) ? root['clouds'] : undefined;
  if (isMap(clouds)) return clouds;
  throw new InputError(
    `${path} has no map \`clouds:\``,
    isMap(root) && (isMap(root['auth']) || 'auth_url' in root)
      ? 'It has the settings of one cloud: put `clouds:` and a name above them, and indent them.'
      : 'It starts with `clouds:`, then one indented name per cloud.',
  );
}

async function read(text: string, path: string): Promise<unknown> {
  return path.endsWith('json') ? readJson(text, path) : readYaml(text, path);
}

async function firstFile(
  kind: string,
  variable: string | undefined,
  directory: string,
  environment: Variables,
): Promise<{ path: string; text: string } | undefined> {
  const named = variable === undefined ? undefined : environment[variable];
  if (named) {
    const path = resolve(directory, named);
    const text = await textOfFile(path);
    if (text === undefined)
      throw new InputError(
        `the file that ${variable} names does not exist: ${named}`,
        `Correct or unset ${variable}.`,
      );
    return { path, text };
  }
  for (const folder of folders(directory, environment)) {
    for (const suffix of ['yaml', 'yml', 'json']) {
      const path = join(folder, `${kind}.${suffix}`);
      const text = await textOfFile(path);
      if (text !== undefined) return { path, text };
    }
  }
  return undefined;
}

function folders(directory: string, environment: Variables): string[] {
  const own = join(environment['HOME'] || homedir(), '.config');
  const sites = (environment['XDG_CONFIG_DIRS'] || '/etc/xdg').split(':');
  return [
    directory,
    join(environment['XDG_CONFIG_HOME']?.trim() || own, 'openstack'),
    join(own, 'openstack'),
    // openstacksdk joins several into one path, and so finds none of them.
    ...(sites.length === 1 ? sites.map((site) => join(site, 'openstack')) : []),
    '/etc/openstack',
  ];
}

async function textOfFile(path: string): Promise<string | undefined> {
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new InputError(`cannot read ${path}`, 'Make it a file that this user can read.', error);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new InputError(`${path} is not UTF-8`, 'Save it as UTF-8: other tools skip it otherwise.');
  }
}
