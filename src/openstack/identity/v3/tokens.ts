import { field, flag, id, type Json, list, moment, object, optionalText, text } from '../../../decode.ts';
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
  return {
    value,
    expiresAt: moment(token, 'expires_at'),
    issuedAt: moment(token, 'issued_at'),
    user: { id: id(user, 'id'), name: text(user, 'name') },
    project: {
      id: id(project, 'id'),
      name: text(project, 'name'),
      domain: text(field(project, 'domain'), 'name'),
    },
    roles: list(token, 'roles', (role) => text(role, 'name')),
    catalog: list(token, 'catalog', decodeEntry),
  };
}

function decodeEntry(entry: Json): CatalogEntry {
  return {
    type: text(entry, 'type'),
    name: optionalText(entry, 'name') ?? '',
    endpoints: list(entry, 'endpoints', (endpoint) => ({
      interface: text(endpoint, 'interface'),
      region: optionalText(endpoint, 'region_id') ?? optionalText(endpoint, 'region') ?? '',
      url: text(endpoint, 'url'),
    })).filter((endpoint) => !flag(entry, 'disabled') && endpoint.url !== ''),
  };
}
