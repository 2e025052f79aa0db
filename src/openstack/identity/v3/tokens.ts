import { field, foreignId, type Json, moment, object } from '../../../decode.ts';
import type { Auth, ProjectScope } from '../../config/cloud.ts';

export interface Token {
  /** The secret itself. */
  readonly value: string;
  readonly expiresAt: string;
  readonly issuedAt: string;
  readonly user: { readonly id: string; readonly name: string };
  readonly project: { readonly id: string; readonly name: string; readonly domain: string };
  readonly roles: readonly string[];
  readonly catalog: readonly CatalogEntry[];
}

export interface CatalogEntry {
  readonly type: string;
  readonly name: string;
  readonly endpoints: readonly Endpoint[];
}

export interface Endpoint {
  readonly interface: string;
  readonly region: string;
  readonly url: string;
}

/** The path below auth_url. */
export const TOKENS = '/auth/tokens';

/** The body of POST /v3/auth/tokens. https://docs.openstack.org/api-ref/identity/v3/#authentication-and-token-management */
export function tokenRequest(auth: Auth): object {
  return {
    auth: {
      identity: identityOf(auth),
      ...('project' in auth ? { scope: { project: scopeOf(auth.project) } } : {}),
    },
  };
}

function identityOf(auth: Auth): object {
  switch (auth.type) {
    case 'password':
      return { methods: ['password'], password: { user: { ...userOf(auth.user), password: auth.password } } };
    case 'token':
      return { methods: ['token'], token: { id: auth.token } };
    case 'application_credential': {
      const credential =
        auth.id === undefined ? { name: auth.name, user: auth.user && userOf(auth.user) } : { id: auth.id };
      return {
        methods: ['application_credential'],
        application_credential: { ...credential, secret: auth.secret },
      };
    }
  }
}

function userOf(user: {
  readonly id?: string | undefined;
  readonly name?: string | undefined;
  readonly domain: object;
}): object {
  return user.id === undefined ? { name: user.name, domain: user.domain } : { id: user.id };
}

function scopeOf(project: ProjectScope): object {
  return project.id === undefined ? { name: project.name, domain: project.domain } : { id: project.id };
}

/** @throws TypeError when the answer is not a token with a project scope */
export function decodeToken(value: string, answer: unknown): Token {
  const token = field(object(answer), 'token');
  const project = field(token, 'project');
  const user = field(token, 'user');
  const domain = project['domain'] === undefined ? {} : field(project, 'domain');
  return {
    value,
    expiresAt: moment(token, 'expires_at'),
    issuedAt: moment(token, 'issued_at'),
    user: { id: foreignId(user, 'id'), name: nameIn(user, 'name') },
    project: {
      id: foreignId(project, 'id'),
      name: nameIn(project, 'name'),
      domain: nameIn(domain, 'name') || nameIn(domain, 'id'),
    },
    roles: records(token, 'roles').map((role) => nameIn(role, 'name')),
    catalog: records(token, 'catalog').flatMap(decodeEntry),
  };
}

/** An entry that is never read is never refused: the catalogue may have odd ones, of services that we do not use. */
function decodeEntry(entry: Json): CatalogEntry[] {
  const { type } = entry;
  if (typeof type !== 'string' || entry['disabled'] === true) return [];
  const endpoints = records(entry, 'endpoints').flatMap((endpoint) => {
    const { interface: kind, url } = endpoint;
    if (typeof kind !== 'string' || typeof url !== 'string' || url === '') return [];
    return [{ interface: kind, region: nameIn(endpoint, 'region_id') || nameIn(endpoint, 'region'), url }];
  });
  return [{ type, name: nameIn(entry, 'name'), endpoints }];
}

function nameIn(record: Json, key: string): string {
  const value = record[key];
  return typeof value === 'string' ? value : '';
}

/** The records of a list that may be missing; other items are left out. */
function records(from: Json, key: string): Json[] {
  const value = from[key];
  if (!Array.isArray(value)) return [];
  return value.filter((item): item is Json => typeof item === 'object' && item !== null);
}
