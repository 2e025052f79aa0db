import { InputError } from '../../errors.ts';
import { type CloudsFile, parseClouds, readCloudsFiles, readProfile, type Variables } from './files.ts';
import { inRegion, regionsOf } from './regions.ts';
import { isMap, overlaid, type Settings } from './settings.ts';

export interface CloudChoice {
  /** The entry in clouds.yaml. */
  readonly cloud?: string | undefined;
  /** The text of a clouds.yaml, instead of the files. */
  readonly cloudsYaml?: string | undefined;
  readonly region?: string | undefined;
  /** The hint if there are no credentials; by default, one for a terminal. */
  readonly missing?: string | undefined;
}

export interface Chosen {
  readonly name: string;
  readonly settings: Settings;
  /** Of the entry of a file; undefined for the variables themselves. */
  readonly path: string | undefined;
}

/** Nothing says which cloud to use, or that there is one. */
export class NoCredentials extends InputError {}

/** A cloud is given, but no file could hold it. */
export class NoCloudsFile extends InputError {}

/** These alone do not make a cloud of the environment (openstacksdk config/loader.py `_get_os_environ`). */
const NOT_A_CLOUD = new Set([
  'OS_CLOUD',
  'OS_REGION_NAME',
  'OS_CLIENT_CONFIG_FILE',
  'OS_CLIENT_SECURE_FILE',
  'OS_CLOUD_NAME',
]);

/** Variables that say who logs in where. A shell's profile may set others, which mean nothing here. */
const LOGIN =
  /^OS_(?:AUTH_URL|USER|PASSWORD|PROJECT|TENANT|APPLICATION_CREDENTIAL|TOKEN|AUTH_TOKEN|TRUST|SYSTEM)/;

/**
 * The settings to work with, chosen as openstacksdk does: a name that is given, then `OS_CLOUD`, then the `OS_*`
 * variables as a cloud of their own, then the only entry of the file. The variables are never mixed into an entry. An
 * empty variable counts as unset: a workflow passes an unset one as empty.
 *
 * @throws InputError if there is no cloud, or if more than one could be meant
 */
export async function chooseCloud(
  choice: CloudChoice,
  environment: Variables,
  directory: string,
): Promise<Chosen> {
  const named = choice.cloud || environment['OS_CLOUD'] || undefined;
  const ofVariables = environment['OS_CLOUD_NAME'] || 'envvars';
  const variables = environmentSettings(environment);
  const isOfVariables =
    choice.cloudsYaml === undefined &&
    (named === ofVariables || (named === undefined && variables?.['auth_url'] !== undefined));
  if (isOfVariables) return fromVariables(ofVariables, named, variables, choice, environment, directory);
  const file = await readClouds(choice, environment, directory);
  const lone = named === undefined && choice.cloudsYaml === undefined ? loginVariables(environment) : [];
  if (file === undefined && lone.length > 0)
    return { name: ofVariables, settings: variables ?? {}, path: undefined };
  if (file === undefined) {
    const hint =
      choice.missing ??
      'Put a clouds.yaml into this directory or ~/.config/openstack, or set the OS_* variables of an openrc.';
    throw named === undefined
      ? new NoCredentials('there are no credentials for a cloud', hint)
      : new NoCloudsFile(`there is no clouds.yaml to find cloud "${named}" in`, hint);
  }
  if (lone.length > 0)
    throw new InputError(
      `${lone.join(', ')} defines a cloud without OS_AUTH_URL, and ${file.path} has other clouds`,
      'Choose one of those with `cloud` or OS_CLOUD, or unset the variables.',
    );
  const { name, entry } = pickEntry(file, named);
  const profile = await profileOf(name, entry, ofVariables, environment, directory);
  const ownRegions = regionsOf(name, entry);
  const settings = inRegion(
    name,
    overlaid(profile, entry),
    ownRegions.length > 0 ? ownRegions : regionsOf(name, profile),
    { name: choice.region, variable: environment['OS_REGION_NAME'] || undefined },
  );
  return { name, settings, path: file.path };
}

async function fromVariables(
  name: string,
  named: string | undefined,
  settings: Settings | undefined,
  choice: CloudChoice,
  environment: Variables,
  directory: string,
): Promise<Chosen> {
  if (named !== undefined) {
    const file = await readCloudsFiles(environment, directory);
    const isEntry = file !== undefined && Object.hasOwn(file.clouds, name);
    if (isEntry && settings !== undefined)
      throw new InputError(
        `${file.path} has a cloud "${name}", and the OS_* variables define one of the same name`,
        'Rename the entry, or unset the variables.',
      );
    if (settings === undefined && !isEntry)
      throw new InputError(
        `cloud "${name}" comes from OS_* variables, but none is set`,
        'Set those of an openrc, or choose an entry of clouds.yaml.',
      );
  }
  const given = settings ?? {};
  refuseProfile(name, given, name);
  const region = choice.region ?? environment['OS_REGION_NAME'];
  return { name, settings: region ? { ...given, region_name: region } : given, path: undefined };
}

async function readClouds(choice: CloudChoice, environment: Variables, directory: string) {
  if (choice.cloudsYaml === undefined) return readCloudsFiles(environment, directory);
  const path = 'the input clouds-yaml';
  return { path, clouds: await parseClouds(choice.cloudsYaml, path) };
}

function pickEntry({ clouds, path }: CloudsFile, named: string | undefined) {
  const names = Object.keys(clouds);
  const name = named ?? (names.length === 1 ? names[0] : undefined);
  if (name === undefined)
    throw new InputError(
      `${path} has ${names.length} clouds and none is chosen`,
      `Choose with \`cloud\` or OS_CLOUD: ${names.join(', ')}.`,
    );
  if (!Object.hasOwn(clouds, name))
    throw new InputError(
      `${path} has no cloud "${name}"`,
      names.length === 0 ? undefined : `It has: ${names.join(', ')}.`,
    );
  const entry = clouds[name];
  if (isMap(entry)) return { name, entry };
  throw new InputError(
    `${path}: cloud "${name}" is ${entry === null ? 'empty' : 'not a map'}`,
    'Its settings go below its name, indented.',
  );
}

async function profileOf(
  name: string,
  entry: Settings,
  ofVariables: string,
  environment: Variables,
  directory: string,
): Promise<Settings> {
  const profile = profileName(entry, ofVariables);
  if (profile === undefined) return {};
  const own = await readProfile(profile, environment, directory);
  if (own === undefined) refuseProfile(name, entry, ofVariables);
  return own ?? {};
}

/** `cloud` is the old word. */
function profileName(settings: Settings, ofVariables: string): string | undefined {
  const profile = settings['profile'] ?? settings['cloud'];
  return typeof profile === 'string' && profile !== '' && profile !== ofVariables ? profile : undefined;
}

function refuseProfile(name: string, settings: Settings, ofVariables: string): void {
  const profile = profileName(settings, ofVariables);
  if (profile === undefined) return;
  throw new InputError(
    `cloud "${name}" builds on the vendor profile "${profile}", which is not supported`,
    'Write its auth_url and region into the entry instead, or put the profile into a clouds-public.yaml.',
  );
}

/** The variables that say where files are, which are about no cloud. */
const FILES = new Set(['OS_CLIENT_CONFIG_FILE', 'OS_CLIENT_SECURE_FILE']);

/**
 * What a second cloud may see of the variables: those of the first one, with its password, region and project, mean
 * nothing to it, unless it is the cloud of the variables itself.
 */
export function ofAnotherCloud(environment: Variables, name: string): Variables {
  if (name === (environment['OS_CLOUD_NAME'] || 'envvars')) return environment;
  return Object.fromEntries(
    Object.entries(environment).filter(([key]) => !key.startsWith('OS_') || FILES.has(key)),
  );
}

export function environmentSettings(environment: Variables): Settings | undefined {
  const own = Object.entries(environment).filter(
    ([key, value]) =>
      key.startsWith('OS_') && value && !NOT_A_CLOUD.has(key) && !/^OS_(?:TEST|STD|LOG)/.test(key),
  );
  if (own.length === 0) return undefined;
  return Object.fromEntries(own.map(([key, value]) => [key.slice('OS_'.length).toLowerCase(), value]));
}

export function loginVariables(environment: Variables): string[] {
  return Object.keys(environment)
    .filter((key) => LOGIN.test(key) && environment[key])
    .sort();
}
