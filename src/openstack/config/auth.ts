import { InputError } from '../../errors.ts';
import { withoutTrailing } from '../../text/escape.ts';
import type { Auth, Domain, ProjectScope } from './cloud.ts';
import { filled, isMap, normalized, type Settings, textOf } from './settings.ts';

export type AuthSettings = Readonly<Record<string, string | undefined>>;

/** These beat the same keys inside `auth:`, and a later name beats an earlier one: `_fix_backwards_auth`. */
const OUTSIDE_FIRST: Readonly<Record<string, readonly string[]>> = {
  domain_id: ['domain_id'],
  domain_name: ['domain_name'],
  user_domain_id: ['user_domain_id'],
  user_domain_name: ['user_domain_name'],
  project_domain_id: ['project_domain_id'],
  project_domain_name: ['project_domain_name'],
  token: ['auth_token', 'token'],
  project_id: ['tenant_id', 'project_id'],
  project_name: ['tenant_name', 'project_name'],
};
/** For these the key inside `auth:` wins: `_validate_auth`. */
const INSIDE_FIRST: Readonly<Record<string, readonly string[]>> = {
  auth_url: ['auth_url'],
  username: ['username', 'user_name'],
  user_id: ['user_id'],
  password: ['password'],
  application_credential_id: ['application_credential_id'],
  application_credential_name: ['application_credential_name'],
  application_credential_secret: ['application_credential_secret'],
  default_domain_id: ['default_domain_id'],
  default_domain_name: ['default_domain_name'],
  system_scope: ['system_scope'],
  trust_id: ['trust_id'],
};

/** The keys of the login, wherever they stand. */
export function authSettings(name: string, settings: Settings): AuthSettings {
  const given = settings['auth'] ?? {};
  if (!isMap(given))
    throw new InputError(
      `cloud "${name}": \`auth\` is not a map`,
      'Write it as `auth:` with `auth_url:` and the others indented below.',
    );
  const inside = normalized(given);
  const text = (key: string, from: Settings) => textOf(name, key, from[key]);
  const own: Record<string, string | undefined> = {};
  for (const [target, keys] of Object.entries(OUTSIDE_FIRST))
    for (const key of keys) own[target] = text(key, settings) ?? text(key, inside) ?? own[target];
  for (const [target, keys] of Object.entries(INSIDE_FIRST))
    own[target] = [inside, settings]
      .flatMap((from) => keys.map((key) => text(key, from)))
      .find((value) => value !== undefined);
  return own;
}

/**
 * How to log in.
 *
 * @throws InputError for settings that do not say how, or that ask for something unsupported
 */
export function authOf(name: string, settings: Settings, auth: AuthSettings): Auth {
  const type = authType(name, settings, auth);
  for (const key of ['system_scope', 'trust_id'])
    if (auth[key] !== undefined)
      throw new InputError(
        `cloud "${name}": ${key} is not supported`,
        'Log in to the project that is to be backed up: project_id, or an application credential.',
      );
  const authUrl = authUrlOf(name, settings, auth);
  if (type === 'application_credential') return credentialOf(name, authUrl, auth);
  const project = projectOf(name, auth);
  if (type === 'token') return { type, authUrl, token: required(name, auth, 'token'), project };
  return {
    type: 'password',
    authUrl,
    user: userOf(name, auth),
    password: required(name, auth, 'password'),
    project,
  };
}

function credentialOf(name: string, authUrl: string, auth: AuthSettings): Auth {
  const secret = required(name, auth, 'application_credential_secret');
  const scope = ['project_id', 'project_name'].find((key) => auth[key] !== undefined);
  if (scope !== undefined)
    throw new InputError(
      `cloud "${name}": an application credential belongs to one project, but \`${scope}\` is given too`,
      'Remove it: Keystone refuses a scope here.',
    );
  const id = auth['application_credential_id'];
  if (id !== undefined) return { type: 'application_credential', authUrl, id, secret };
  return {
    type: 'application_credential',
    authUrl,
    name: required(name, auth, 'application_credential_name'),
    user: userOf(name, auth),
    secret,
  };
}

const TYPES: Readonly<Record<string, Auth['type']>> = {
  password: 'password',
  v3password: 'password',
  v3applicationcredential: 'application_credential',
  token: 'token',
  v3token: 'token',
};

function authType(name: string, settings: Settings, auth: AuthSettings): Auth['type'] {
  const named =
    textOf(name, 'auth_type', settings['auth_type']) ?? textOf(name, 'auth_plugin', settings['auth_plugin']);
  if (named === undefined) {
    if (auth['password'] !== undefined) return 'password';
    if (auth['application_credential_secret'] !== undefined) return 'application_credential';
    return auth['token'] === undefined ? 'password' : 'token';
  }
  if (Object.hasOwn(TYPES, named) && TYPES[named] !== undefined) return TYPES[named];
  throw new InputError(
    `cloud "${name}": auth_type "${named}" is not supported`,
    'Use v3password, v3applicationcredential or v3token.',
  );
}

function authUrlOf(name: string, settings: Settings, auth: AuthSettings): string {
  const given = filled(name, 'auth_url', required(name, auth, 'auth_url'), settings);
  let url: URL;
  try {
    url = new URL(given);
  } catch {
    throw new InputError(
      `cloud "${name}": auth_url is not a URL`,
      'Write it like https://cloud.example:5000/v3.',
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

/**
 * `domain_*` stands for both, `default_domain_*` for the one that is not given, and an id beats a name. Without any,
 * the domain is "default", as for the command `openstack`.
 */
function domainOf(auth: AuthSettings, kind: 'user' | 'project'): Domain {
  const named = (what: 'id' | 'name') =>
    auth[`${kind}_domain_${what}`] ?? auth[`domain_${what}`] ?? auth[`default_domain_${what}`];
  const [id, name] = [named('id'), named('name')];
  if (id !== undefined) return { id };
  return name === undefined ? { id: 'default' } : { name };
}

function userOf(name: string, auth: AuthSettings) {
  const [id, own] = [auth['user_id'], auth['username']];
  if (id === undefined && own === undefined) throw missing(name, 'username');
  return { id, name: own, domain: domainOf(auth, 'user') };
}

function projectOf(name: string, auth: AuthSettings): ProjectScope {
  const [id, own] = [auth['project_id'], auth['project_name']];
  if (id === undefined && own === undefined) throw missing(name, 'project_name');
  return { id, name: own, domain: domainOf(auth, 'project') };
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
