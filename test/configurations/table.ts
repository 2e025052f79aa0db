import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parse } from 'yaml';
import { endpointOf } from '../../src/openstack/catalog.ts';
import { loadCloud } from '../../src/openstack/config/load.ts';
import type { CatalogEntry } from '../../src/openstack/identity/v3/tokens.ts';
import { TOKENS, tokenRequest } from '../../src/openstack/identity/v3/tokens.ts';

/** One case of cases.yaml, whose head says what the fields mean. */
export interface Case {
  readonly name: string;
  readonly files?: Readonly<Record<string, string>>;
  readonly entry?: string;
  readonly encoding?: 'latin-1';
  readonly env?: Readonly<Record<string, string>>;
  readonly cloud?: string;
  readonly region?: string;
  readonly refused?: string;
  readonly kinder?: string;
  readonly ours?: object;
}

/** Who logs in where, and where each service is asked; `error` where it is refused. */
export type Reading = Readonly<Record<string, unknown>>;

export interface Answers {
  readonly openstacksdk: string;
  readonly answers: Readonly<Record<string, Reading>>;
}

const file = (name: string) => readFile(new URL(name, import.meta.url), 'utf8');

export async function readCases(): Promise<readonly Case[]> {
  return parse(await file('cases.yaml'), { merge: true, version: '1.1' }) as Case[];
}

export async function readAnswers(): Promise<Answers> {
  return JSON.parse(await file('answers.json')) as Answers;
}

const PROJECT = '0123456789abcdef0123456789abcdef';
const USER = 'fedcba9876543210fedcba9876543210';
const AUTH =
  'auth: {auth_url: "https://c.example:5000/v3", username: u, password: pw, project_name: p, user_domain_name: D, project_domain_name: D}';

/** The one that ask.py answers with. */
const CATALOGUE: readonly CatalogEntry[] = [
  ...['compute', 'image', 'key-manager', 'network', 'object-store'].map((type) => ({ type, name: type })),
  { type: 'volumev3', name: 'cinderv3' },
  { type: 'volumev2', name: 'cinderv2' },
].map(({ type, name }) => ({
  type,
  name,
  endpoints: ['R1', 'R2', '7'].flatMap((region) =>
    ['internal', 'public', 'admin'].map((side) => ({
      interface: side,
      region,
      url: `https://${type}.${side}.${region.toLowerCase()}.example/${PROJECT}`,
    })),
  ),
}));

/** How we read a case, in the words of ask.py. */
export async function read(each: Case): Promise<Reading> {
  const root = await mkdtemp(join(tmpdir(), 'configuration-'));
  try {
    await write(root, each);
    const environment = Object.fromEntries(
      Object.entries(each.env ?? {}).map(([name, value]) => [name, value.replaceAll('$ROOT', root)]),
    );
    const { cloud, region } = each;
    return await ours({ cloud, region }, { HOME: join(root, 'home'), ...environment }, join(root, 'work'));
  } finally {
    await rm(root, { recursive: true });
  }
}

async function write(root: string, each: Case): Promise<void> {
  const own = {
    'work/.keep': '',
    'home/.keep': '',
    ...(each.entry === undefined ? each.files : { 'work/clouds.yaml': cloudsYaml(each.entry) }),
  };
  for (const [name, text] of Object.entries(own)) {
    const path = join(root, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text.replaceAll('$ROOT', root), each.encoding === 'latin-1' ? 'latin1' : 'utf8');
  }
}

function cloudsYaml(entry: string): string {
  const lines = [AUTH, ...entry.split('\n').filter((line) => line !== '')];
  return `clouds:\n  c:\n${lines.map((line) => `    ${line}\n`).join('')}`;
}

async function ours(
  choice: { readonly cloud: string | undefined; readonly region: string | undefined },
  environment: Readonly<Record<string, string>>,
  directory: string,
): Promise<Reading> {
  const config = await loadCloud(choice, environment, directory);
  const { auth } = tokenRequest(config.auth) as { auth: object };
  const owner = { project: { id: PROJECT }, user: { id: USER } };
  return {
    cloud: config.name,
    login: { url: `${config.auth.authUrl}${TOKENS}`, ...auth },
    services: Object.fromEntries(
      Object.entries(config.services).map(([type, { region, interfaces, endpoint }]) => [
        type,
        {
          // Without a region openstacksdk takes the first, and we ask which: not for a configuration to say.
          url: endpointOf(
            type as keyof typeof config.services,
            CATALOGUE.map((entry) => ({
              ...entry,
              endpoints: region === undefined ? entry.endpoints.slice(0, 3) : entry.endpoints,
            })),
            config,
            owner,
          ),
          region: region ?? null,
          interface: interfaces,
          overridden: endpoint !== undefined,
        },
      ]),
    ),
    verify: config.verify && (config.cacert ?? true),
    cert: config.cert === undefined ? null : [config.cert, ...(config.key === undefined ? [] : [config.key])],
  };
}

/**
 * What of an answer is compared: not the spelling of an interface, no empty words, of an endpoint no slash at its end, of
 * a path what stands in its file.
 */
export function comparable(answer: Reading, each: Case): Reading {
  const services = Object.entries((answer['services'] ?? {}) as Record<string, Record<string, unknown>>);
  const content = (path: unknown) => fileOf(each, path);
  const { verify, cert } = answer as { verify?: unknown; cert?: unknown };
  const login = (answer['login'] ?? {}) as Record<string, unknown>;
  return {
    ...answer,
    login: { ...login, url: urlOf(login['url']) },
    services: Object.fromEntries(
      services.map(([type, { version: _version, interface: sides, url, ...service }]) => [
        type,
        {
          ...service,
          url: urlOf(url),
          interface: [sides].flat().map((side) => String(side).replace(/URL$/, '')),
        },
      ]),
    ),
    verify: typeof verify === 'string' ? content(verify) : (verify ?? true),
    cert: Array.isArray(cert) ? cert.map(content) : null,
  };
}

/** Hosts are the same in capitals. */
function urlOf(url: unknown): string | undefined {
  return typeof url === 'string' ? new URL(url).href.replace(/\/$/, '') : undefined;
}

function fileOf({ files = {} }: Case, path: unknown): unknown {
  const at = Object.keys(files).find((name) =>
    [`$ROOT/${name}`, name.replace('work/', '')].includes(String(path)),
  );
  return at === undefined ? path : files[at];
}
