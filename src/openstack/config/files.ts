import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { InputError } from '../../errors.ts';
import type { Settings } from './parse.ts';

export type Variables = Readonly<Record<string, string | undefined>>;

export interface CloudsFile {
  /** Where it was found, for messages. */
  readonly path: string;
  readonly clouds: Readonly<Record<string, Settings>>;
}

/**
 * The clouds of the first `clouds.yaml`, with those of the first `secure.yaml` merged over them.
 * Order and names as openstacksdk config/loader.py: the named file, the working directory, the user's, the site's.
 *
 * @throws InputError when a file is not YAML of that shape
 */
export async function readCloudsFiles(
  environment: Variables,
  directory: string,
): Promise<CloudsFile | undefined> {
  const clouds = await firstFile('clouds', environment['OS_CLIENT_CONFIG_FILE'], directory, environment);
  if (clouds === undefined) return undefined;
  const parsed = await parseClouds(clouds.text, clouds.path);
  const secure = await firstFile('secure', environment['OS_CLIENT_SECURE_FILE'], directory, environment);
  if (secure === undefined) return { path: clouds.path, clouds: parsed };
  return {
    path: clouds.path,
    clouds: merge(parsed, await parseClouds(secure.text, secure.path)) as CloudsFile['clouds'],
  };
}

/**
 * The `clouds:` map of a text.
 *
 * @throws InputError that names the line, never its contents: they may hold a password
 */
export async function parseClouds(text: string, path: string): Promise<Readonly<Record<string, Settings>>> {
  const { parseDocument } = await import('yaml');
  const document = parseDocument(text, { prettyErrors: false, logLevel: 'silent' });
  const [problem] = document.errors;
  if (problem !== undefined) {
    const line = text.slice(0, problem.pos[0]).split('\n').length;
    throw new InputError(
      `${path} is not YAML: line ${line}: ${problem.code.toLowerCase().replaceAll('_', ' ')}`,
      'Mend that line; nothing was read from the file.',
    );
  }
  const root: unknown = document.toJS({ maxAliasCount: 100 });
  const clouds = isMap(root) ? root['clouds'] : undefined;
  if (!isMap(clouds) || !Object.values(clouds).every(isMap))
    throw new InputError(
      `${path} has no map \`clouds:\` of clouds`,
      'It starts with `clouds:`, then one indented name per cloud.',
    );
  return clouds as Readonly<Record<string, Settings>>;
}

async function firstFile(kind: string, named: string | undefined, directory: string, environment: Variables) {
  const folders = [
    directory,
    join(environment['XDG_CONFIG_HOME'] || join(environment['HOME'] || homedir(), '.config'), 'openstack'),
    '/etc/xdg/openstack',
    '/etc/openstack',
  ];
  const paths = folders.flatMap((folder) =>
    ['yaml', 'yml', 'json'].map((suffix) => join(folder, `${kind}.${suffix}`)),
  );
  for (const path of named ? [named, ...paths] : paths) {
    try {
      return { path, text: await readFile(path, 'utf8') };
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code !== 'ENOENT' && code !== 'ENOTDIR')
        throw new InputError(
          `cannot read ${path}: ${code ?? 'unknown error'}`,
          'Make it readable for this user.',
          error,
        );
    }
  }
  return undefined;
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Maps are merged key by key, everything else is replaced. */
function merge(under: unknown, over: unknown): unknown {
  if (!isMap(under) || !isMap(over)) return over;
  const merged: Record<string, unknown> = { ...under };
  for (const [key, value] of Object.entries(over))
    merged[key] = key in merged ? merge(merged[key], value) : value;
  return merged;
}
