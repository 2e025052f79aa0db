/** Keystone v3: tokens, scopes, projects, application credentials, federation by a bearer token. */
import { type Core, findToken, KEYSTONE_401, tokenIsGood } from './core.ts';
import {
  type Call,
  isObject,
  type Json,
  type JsonObject,
  parseJson,
  Refusal,
  type Reply,
  Router,
  type Service,
} from './http.ts';
import { type ApplicationCredential, hexId, type Project, type Token, type User, uuid } from './state.ts';

const DOMAIN = { id: 'default', name: 'Default' };
const REGION = 'RegionOne';

const TITLES: Record<number, string> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  409: 'Conflict',
  413: 'Request Entity Too Large',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
};

function errorReply(status: number, message: string): Reply {
  return { status, json: { error: { code: status, message, title: TITLES[status] ?? 'Error' } } };
}

function refuse401(core: Core, message = KEYSTONE_401.error.message): Refusal {
  return new Refusal({
    ...errorReply(401, message),
    headers: { 'WWW-Authenticate': `Keystone uri="${core.origin}/identity/v3"`, Vary: 'X-Auth-Token' },
  });
}

/** jsonschema's words, as keystone/common/validation puts them. */
function malformed(message: string): Refusal {
  return new Refusal(errorReply(400, message));
}

function at(value: Json | undefined, ...path: string[]): Json | undefined {
  let here = value;
  for (const key of path) here = isObject(here) ? here[key] : undefined;
  return here;
}

function textAt(value: Json | undefined, ...path: string[]): string | undefined {
  const found = at(value, ...path);
  return typeof found === 'string' ? found : undefined;
}

function catalogue(core: Core, projectId: string): JsonObject[] {
  const services: [type: string, name: string, url: string][] = [
    ['compute', 'nova', '/compute/v2.1'],
    ['key-manager', 'barbican', '/key-manager'],
    ['identity', 'keystone', '/identity/v3'],
    ['network', 'neutron', '/network'],
    ['object-store', 'swift', `/swift/v1/AUTH_${projectId}`],
    ['image', 'glance', '/image'],
    ['volumev3', 'cinderv3', `/volume/v3/${projectId}`],
    ['block-storage', 'cinder', `/volume/v3/${projectId}`],
  ];
  return services.map(([type, name, path]) => ({
    endpoints: (type === 'identity' ? ['internal', 'public', 'admin'] : ['internal', 'public']).map(
      (face) => ({
        id: stableId(`${type}-${face}`),
        interface: face,
        region_id: REGION,
        url: core.origin + path,
        region: REGION,
      }),
    ),
    id: stableId(type),
    type,
    name,
  }));
}

function stableId(text: string): string {
  return Buffer.from(text.padEnd(16, '.').slice(0, 16)).toString('hex');
}

function isoToken(date: Date): string {
  return date.toISOString().replace(/\.\d+Z$/, '.000000Z');
}

function showToken(core: Core, token: Token, withCatalogue: boolean): JsonObject {
  const { user, project, applicationCredential: credential } = token;
  return {
    methods: token.methods,
    user: { domain: DOMAIN, id: user.id, name: user.name, password_expires_at: null },
    audit_ids: [token.auditId],
    expires_at: isoToken(token.expiresAt),
    issued_at: isoToken(token.issuedAt),
    ...(project === null
      ? {}
      : {
          project: { domain: DOMAIN, id: project.id, name: project.name },
          is_domain: false,
          roles: token.roles.map((name) => ({ id: stableId(`role-${name}`), name })),
          ...(withCatalogue ? { catalog: catalogue(core, project.id) } : {}),
        }),
    ...(credential === null
      ? {}
      : {
          application_credential: {
            id: credential.id,
            name: credential.name,
            restricted: credential.restricted,
            ...(credential.accessRules === undefined
              ? {}
              : { access_rules: credential.accessRules.map((rule) => ({ id: hexId(), ...rule })) }),
          },
        }),
  };
}

interface Identified {
  user: User;
  methods: string[];
  credential: ApplicationCredential | null;
  /** A rescoped token lives no longer than the one it came from. */
  until: Date | null;
  /** The scope of the token that this one comes from. */
  project: Project | null;
}

function findUser(core: Core, wanted: Json | undefined): User | undefined {
  const id = textAt(wanted, 'id');
  if (id !== undefined) return core.state.users.get(id);
  if (!isDefaultDomain(at(wanted, 'domain'))) return undefined;
  const name = textAt(wanted, 'name');
  return [...core.state.users.values()].find((user) => user.name === name);
}

function isDefaultDomain(domain: Json | undefined): boolean {
  return textAt(domain, 'id') === DOMAIN.id || textAt(domain, 'name') === DOMAIN.name;
}

function byPassword(core: Core, identity: Json): Identified {
  const wanted = at(identity, 'password', 'user');
  if (!isObject(wanted)) throw malformed(`Expecting to find password in identity. ${CLIENT_ERROR}`);
  const user = findUser(core, wanted);
  if (user === undefined || user.password !== textAt(wanted, 'password')) throw refuse401(core);
  return { user, methods: ['password'], credential: null, until: null, project: null };
}

const CLIENT_ERROR =
  'The server could not comply with the request since it is either malformed or otherwise incorrect. The client is assumed to be in error.';

function byToken(core: Core, identity: Json): Identified {
  const from = core.state.tokens.get(textAt(identity, 'token', 'id') ?? '');
  if (from === undefined || !tokenIsGood(core, from)) throw refuse401(core);
  return {
    user: from.user,
    methods: [...new Set(['token', ...from.methods])],
    credential: from.applicationCredential,
    until: from.expiresAt,
    project: from.project,
  };
}

function byApplicationCredential(core: Core, identity: Json): Identified {
  const wanted = at(identity, 'application_credential');
  const id = textAt(wanted, 'id');
  const named = id === undefined ? findUser(core, at(wanted, 'user')) : undefined;
  for (const user of id === undefined ? (named === undefined ? [] : [named]) : core.state.users.values()) {
    const credential = user.applicationCredentials.find((each) =>
      id === undefined ? each.name === textAt(wanted, 'name') : each.id === id,
    );
    if (credential === undefined) continue;
    const alive = credential.expiresAt === null || credential.expiresAt.getTime() > core.clock.ms;
    if (!alive || credential.secret !== textAt(wanted, 'secret')) break;
    return {
      user,
      methods: ['application_credential'],
      credential,
      until: credential.expiresAt,
      project: null,
    };
  }
  throw refuse401(core);
}

function identify(core: Core, auth: Json): Identified {
  const identity = at(auth, 'identity') ?? null;
  const methods = at(identity, 'methods');
  if (!Array.isArray(methods)) throw malformed("'identity' is a required property");
  const method = methods[0];
  if (method === 'password') return byPassword(core, identity);
  if (method === 'token') return byToken(core, identity);
  if (method === 'application_credential') return byApplicationCredential(core, identity);
  throw refuse401(core, 'Attempted to authenticate with an unsupported method.');
}

function wantedProject(core: Core, auth: Json, who: Identified): Project | null {
  const scope = at(auth, 'scope');
  if (who.credential !== null) {
    if (scope !== undefined && who.methods[0] === 'application_credential') {
      throw refuse401(core, 'Application credentials cannot request a scope.');
    }
    return core.state.projects.get(who.credential.projectId) ?? null;
  }
  if (scope === undefined) return who.project;
  if (scope === 'unscoped' || at(scope, 'unscoped') !== undefined) return null;
  const wanted = at(scope, 'project');
  const id = textAt(wanted, 'id');
  const name = textAt(wanted, 'name');
  const project =
    id === undefined
      ? isDefaultDomain(at(wanted, 'domain'))
        ? [...core.state.projects.values()].find((each) => each.name === name)
        : undefined
      : core.state.projects.get(id);
  if (project === undefined || (who.user.roles.get(project.id) ?? []).length === 0) throw refuse401(core);
  return project;
}

export function issueToken(core: Core, who: Identified, project: Project | null): Token {
  const issuedAt = new Date(Math.floor(core.clock.ms / 1000) * 1000);
  const natural = core.clock.ms + core.options.tokenLifeMs;
  const token: Token = {
    id: `gAAAAAB${uuid().replaceAll('-', '')}${uuid().replaceAll('-', '')}`,
    auditId: hexId().slice(0, 22),
    user: who.user,
    project,
    roles: who.credential?.roles ?? (project === null ? [] : (who.user.roles.get(project.id) ?? [])),
    methods: who.methods,
    issuedAt,
    expiresAt: new Date(Math.min(natural, who.until?.getTime() ?? natural)),
    applicationCredential: who.credential,
    alive: true,
  };
  core.state.tokens.set(token.id, token);
  return token;
}

function issued(core: Core, token: Token, withCatalogue: boolean): Reply {
  return {
    status: 201,
    headers: { 'X-Subject-Token': token.id, Vary: 'X-Auth-Token' },
    json: { token: showToken(core, token, withCatalogue) },
  };
}

function makeToken(core: Core, call: Call): Reply {
  const auth = at(parseJson(call.raw), 'auth');
  if (!isObject(auth)) throw malformed("'auth' is a required property");
  const who = identify(core, auth);
  return issued(core, issueToken(core, who, wantedProject(core, auth, who)), !call.query.has('nocatalog'));
}

function subject(core: Core, call: Call): Token {
  if (findToken(core, call) === undefined) throw refuse401(core);
  const id = call.headers['x-subject-token'];
  const token = typeof id === 'string' ? core.state.tokens.get(id) : undefined;
  if (token === undefined || !tokenIsGood(core, token)) {
    throw new Refusal(errorReply(404, `Could not find token: ${typeof id === 'string' ? id : ''}.`));
  }
  return token;
}

function federate(core: Core, call: Call): Reply {
  const bearer = /^bearer\s+(\S+\.\S+\.\S*)$/i.exec(call.headers.authorization ?? '');
  if (!core.options.federation || bearer === null) throw refuse401(core);
  const user = core.state.user('demo');
  return issued(
    core,
    issueToken(core, { user, methods: ['openid'], credential: null, until: null, project: null }, null),
    false,
  );
}

function projectsOf(core: Core, call: Call): Reply {
  const token = findToken(core, call);
  if (token === undefined) throw refuse401(core);
  const ids =
    token.applicationCredential === null
      ? [...token.user.roles.keys()]
      : [token.applicationCredential.projectId];
  const projects = ids.flatMap((id) => core.state.projects.get(id) ?? []);
  return {
    status: 200,
    headers: { Vary: 'X-Auth-Token' },
    json: {
      projects: projects.map(({ id, name }) => ({
        id,
        name,
        domain_id: DOMAIN.id,
        description: '',
        enabled: true,
        parent_id: DOMAIN.id,
        is_domain: false,
        tags: [],
        options: {},
        links: { self: `${call.linkOrigin}/identity/v3/projects/${id}` },
      })),
      links: { next: null, self: `${call.linkOrigin}/identity/v3/auth/projects`, previous: null },
    },
  };
}

function discovery(call: Call): JsonObject {
  return {
    id: 'v3.14',
    status: 'stable',
    updated: '2020-04-07T00:00:00Z',
    links: [{ rel: 'self', href: `${call.linkOrigin}/identity/v3/` }],
    'media-types': [{ base: 'application/json', type: 'application/vnd.openstack.identity-v3+json' }],
  };
}

export function keystone(core: Core): Service {
  const router = new Router<Call>()
    .on('GET', '/', (call) => ({
      status: 300,
      headers: { Location: `${call.linkOrigin}/identity/v3/`, Vary: 'X-Auth-Token' },
      json: { versions: { values: [discovery(call)] } },
    }))
    .on('GET', '/v3', (call) => ({
      status: 200,
      headers: { Vary: 'X-Auth-Token' },
      json: { version: discovery(call) },
    }))
    .on('POST', '/v3/auth/tokens', (call) => makeToken(core, call))
    .on('GET', '/v3/auth/tokens', (call) => {
      const token = subject(core, call);
      return {
        status: 200,
        headers: { 'X-Subject-Token': token.id, Vary: 'X-Auth-Token' },
        json: { token: showToken(core, token, !call.query.has('nocatalog')) },
      };
    })
    .on('DELETE', '/v3/auth/tokens', (call) => {
      subject(core, call).alive = false;
      return { status: 204, headers: { Vary: 'X-Auth-Token' } };
    })
    .on('GET', '/v3/auth/projects', (call) => projectsOf(core, call))
    .on('GET', '/v3/auth/catalog', (call) => {
      const token = findToken(core, call);
      if (token === undefined) throw refuse401(core);
      return {
        status: 200,
        json: { catalog: token.project === null ? [] : catalogue(core, token.project.id) },
      };
    })
    .on('POST', '/v3/OS-FEDERATION/identity_providers/:idp/protocols/:protocol/auth', (call) =>
      federate(core, call),
    )
    .on('GET', '/v3/OS-FEDERATION/identity_providers/:idp/protocols/:protocol/auth', (call) =>
      federate(core, call),
    );
  return {
    name: 'identity',
    prefix: '/identity',
    notFound: () => errorReply(404, 'The resource could not be found.'),
    error: errorReply,
    handle: (call) => {
      const found = router.find(call.method, call.path);
      if (found === 'no-path') return errorReply(404, 'The resource could not be found.');
      if (found === 'no-method') return errorReply(405, 'The method is not allowed for the requested URL.');
      return found.run(call);
    },
  };
}
