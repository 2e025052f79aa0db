import { InputError } from '../../errors.ts';
import { withoutTrailing } from '../../text/escape.ts';
import type { Auth, CloudConfig, Domain, ProjectScope } from './cloud.ts';

/** Settings of one cloud as openstacksdk knows them: snake-case keys, `auth` beside the others. */
export type Settings = Readonly<Record<string, unknown>>;

/**
 * Settings become a typed cloud. Messages name the missing key and never a value: values may be secret.
 * Which key wins: openstacksdk config/loader.py `_auth_select_default_plugin`, `_fix_backwards_*`, `magic_fixes`.
 *
 * @throws InputError for settings that do not say how to log in
 */
export function parseCloud(name: string, settings: Settings): CloudConfig {
  const auth = authSettings(name, settings);
  return {
    name,
    auth: authOf(name, settings, auth),
    region: regionOf(settings),
    interface: interfaceOf(name, settings),
    ...verifyOf(name, settings),
    cert: stringOf(settings['cert']),
    key: stringOf(settings['key']),
    endpointOverrides: Object.fromEntries(
      Object.entries(settings)
        .filter(([key, value]) => key.endsWith('_endpoint_override') && stringOf(value) !== undefined)
        .map(([key, value]) => [
          key.slice(0, -'_endpoint_override'.length).replaceAll('-', '_'),
          String(value),
        ]),
    ),
  };
}

type AuthSettings = Readonly<Record<string, string | undefined>>;

/** Domain and project keys outside `auth:` beat those inside; other keys inside win (openstacksdk `_fix_backwards_project`). */
const SCOPE_KEYS = new Set(
  ['project', 'tenant', 'domain', 'user_domain', 'project_domain']
    .flatMap((key) => [`${key}_id`, `${key}_name`])
    .concat('token'),
);
const OTHER_KEYS = [
  'auth_url',
  'username',
  'user_id',
  'password',
  'application_credential_id',
  'application_credential_name',
  'application_credential_secret',
];

function authSettings(name: string, settings: Settings): AuthSettings {
  const inside = settings['auth'] ?? {};
  if (typeof inside !== 'object' || inside === null || Array.isArray(inside))
    throw new InputError(
      `cloud "${name}": \`auth\` is not a map`,
      'Write it as `auth:` with `auth_url:` and the others indented below.',
    );
  const merged: Record<string, string | undefined> = {};
  for (const [key, value] of Object.entries(inside as Settings))
    merged[key.replaceAll('-', '_')] = stringOf(value);
  for (const [key, value] of Object.entries(settings)) {
    const outside = stringOf(value);
    if (outside === undefined) continue;
    if (SCOPE_KEYS.has(key) || (OTHER_KEYS.includes(key) && merged[key] === undefined)) merged[key] = outside;
  }
  return {
    ...merged,
    project_id: merged['project_id'] ?? merged['tenant_id'],
    project_name: merged['project_name'] ?? merged['tenant_name'],
  };
}

function authOf(name: string, settings: Settings, auth: AuthSettings): Auth {
  const authUrl = authUrlOf(name, settings, auth);
  switch (authType(settings, auth)) {
    case 'application_credential': {
      const user = { id: auth['user_id'], name: auth['username'], domain: domainOf(auth, 'user') };
      const secret = required(name, auth, 'application_credential_secret');
      const id = auth['application_credential_id'];
      if (id !== undefined) return { type: 'application_credential', authUrl, id, secret };
      return {
        type: 'application_credential',
        authUrl,
        name: required(name, auth, 'application_credential_name'),
        user: userOf(name, user),
        secret,
      };
    }
    case 'token':
      return { type: 'token', authUrl, token: required(name, auth, 'token'), project: projectOf(name, auth) };
    case 'password':
      return {
        type: 'password',
        authUrl,
        user: userOf(name, { id: auth['user_id'], name: auth['username'], domain: domainOf(auth, 'user') }),
        password: required(name, auth, 'password'),
        project: projectOf(name, auth),
      };
    default:
      throw new InputError(
        `cloud "${name}": auth_type "${String(settings['auth_type'])}" is not supported`,
        'Use v3password, v3applicationcredential or v3token.',
      );
  }
}

function authType(settings: Settings, auth: AuthSettings): Auth['type'] | undefined {
  const named = stringOf(settings['auth_type'] ?? settings['auth_plugin']);
  if (named === undefined) {
    if (auth['application_credential_secret'] !== undefined) return 'application_credential';
    return auth['token'] !== undefined && auth['password'] === undefined ? 'token' : 'password';
  }
  const types: Readonly<Record<string, Auth['type']>> = {
    password: 'password',
    v3password: 'password',
    v3applicationcredential: 'application_credential',
    token: 'token',
    v3token: 'token',
  };
  return types[named];
}

/** `auth_url` may hold `{region_name}`, which openstacksdk fills in. */
function authUrlOf(name: string, settings: Settings, auth: AuthSettings): string {
  const given = required(name, auth, 'auth_url').replaceAll('{region_name}', regionOf(settings) ?? '');
  let url: URL;
  try {
    url = new URL(given);
  } catch {
    throw new InputError(
      `cloud "${name}": auth_url is not a URL`,
      'It looks like https://cloud.example:5000/v3.',
    );
  }
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    throw new InputError(`cloud "${name}": auth_url is neither http nor https`);
  if (url.username !== '' || url.password !== '')
    throw new InputError(
      `cloud "${name}": auth_url carries a user or password`,
      'Give them as `username` and `password`.',
    );
  const path = withoutTrailing('/', url.pathname);
  url.pathname = path.endsWith('/v3') ? path : `${path.replace(/\/v2\.0$/, '')}/v3`;
  return url.href;
}

function domainOf(auth: AuthSettings, kind: 'user' | 'project'): Domain {
  const id = auth[`${kind}_domain_id`] ?? auth['domain_id'];
  const name = auth[`${kind}_domain_name`] ?? auth['domain_name'];
  if (id !== undefined) return { id };
  return name === undefined ? { id: 'default' } : { name };
}

function userOf(name: string, user: { id: string | undefined; name: string | undefined; domain: Domain }) {
  if (user.id === undefined && user.name === undefined) throw missing(name, 'username');
  return user;
}

function projectOf(name: string, auth: AuthSettings): ProjectScope {
  const [id, projectName] = [auth['project_id'], auth['project_name']];
  if (id === undefined && projectName === undefined) throw missing(name, 'project_name');
  return { id, name: projectName, domain: domainOf(auth, 'project') };
}

function required(name: string, auth: AuthSettings, key: string): string {
  const value = auth[key];
  if (value === undefined) throw missing(name, key);
  return value;
}

function missing(name: string, key: string): InputError {
  const variable =
    name === 'envvars' ? `the variable OS_${key.toUpperCase()}` : `\`${key}\` below \`auth:\` in clouds.yaml`;
  return new InputError(`cloud "${name}": ${key} is missing`, `Set ${variable}.`);
}

function regionOf(settings: Settings): string | undefined {
  const own = stringOf(settings['region_name']);
  if (own !== undefined) return own;
  const regions = settings['regions'];
  if (!Array.isArray(regions) || regions.length === 0) return undefined;
  const first: unknown = regions[0];
  return typeof first === 'object' && first !== null
    ? stringOf((first as Settings)['name'])
    : stringOf(first);
}

function interfaceOf(name: string, settings: Settings): CloudConfig['interface'] {
  const given = (stringOf(settings['interface'] ?? settings['endpoint_type']) ?? 'public').replace(
    /URL$/,
    '',
  );
  if (given === 'public' || given === 'internal' || given === 'admin') return given;
  throw new InputError(`cloud "${name}": interface is "${given}"`, 'Use public, internal or admin.');
}

function stringOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value === '' ? undefined : value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}

/**
 * Whether certificates are checked, and by which authorities. `verify` may be the path of a file of them, which `cacert`
 * beats; as openstacksdk's `get_requests_verify_args` reads it. A word that is neither on nor off must not mean off.
 *
 * @throws InputError for a word that `insecure` does not know, or where the two contradict each other
 */
function verifyOf(
  name: string,
  settings: Settings,
): Pick<CloudConfig, 'verify' | 'verifyIsAsked' | 'cacert'> {
  const given = stringOf(settings['verify']);
  const asked = given === undefined ? undefined : (WORDS[given.toLowerCase()] ?? true);
  const insecure = stringOf(settings['insecure']);
  const isInsecure = insecure === undefined ? undefined : WORDS[insecure.toLowerCase()];
  if (insecure !== undefined && isInsecure === undefined)
    throw new InputError(
      `cloud "${name}": \`insecure\` is neither true nor false`,
      'Write true or false; certificates are checked where it is left out.',
    );
  if (asked === true && isInsecure === true)
    throw new InputError(
      `cloud "${name}": \`verify\` and \`insecure\` contradict each other`,
      'Leave one of them out; certificates are checked where both are.',
    );
  const authorities = given !== undefined && WORDS[given.toLowerCase()] === undefined ? given : undefined;
  return {
    verify: asked ?? !(isInsecure ?? false),
    verifyIsAsked: asked ?? isInsecure === false,
    cacert: stringOf(settings['cacert']) ?? authorities,
  };
}

/** YAML 1.1's booleans, which openstacksdk's parser knows; ours, of YAML 1.2, gives them as text. */
const WORDS: Readonly<Record<string, boolean | undefined>> = Object.assign(Object.create(null), {
  ...Object.fromEntries(['true', 'yes', 'on', 'y', '1'].map((word) => [word, true])),
  ...Object.fromEntries(['false', 'no', 'off', 'n', '0'].map((word) => [word, false])),
});
