import type { Asked, Loose, Oddity, OwnAnswer } from '../support/rewriting-proxy.ts';

/** What there is: a volume, and a server from an image. */
export interface Made {
  readonly volume: string;
  readonly server: string;
}

export interface Row extends Oddity {
  readonly oddity: string;
  /** One of our commands. */
  readonly words: (made: Made) => string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly code: 0 | 1 | 2;
  readonly prints: RegExp;
  readonly printsNot?: RegExp;
  /** What was asked, or must not have been. */
  readonly asks?: RegExp;
}

const JSON_TYPE = { 'content-type': 'application/json' };
const volume = ({ volume: id }: Made) => ['backup-volume', '--volumes', id, '--dry-run'];
const all = () => ['backup-volume', '--volumes', 'all', '--dry-run'];
const server = ({ server: id }: Made) => ['backup-server', '--servers', id, '--dry-run'];
const real = ({ volume: id }: Made) => ['backup-volume', '--volumes', id];

const PLANNED = /1 GiB, available: /;

/** Changes the token of each login. */
const login = (change: (token: Loose) => void) => (_asked: Asked, json: Loose) => {
  if (json?.token !== undefined) change(json.token);
};
const endpoints = (type: RegExp, change: (endpoint: Loose, token: Loose) => void) =>
  login((token) => {
    for (const entry of token.catalog ?? [])
      if (type.test(entry.type)) for (const endpoint of entry.endpoints) change(endpoint, token);
  });
/** Changes each item of a list. */
const items = (key: string, change: (item: Loose) => void) => (_asked: Asked, json: Loose) => {
  for (const item of json?.[key] ?? []) change(item);
};
/** Another item, as odd as can be, in front of the list. */
const another = (key: string, item: object) => (_asked: Asked, json: Loose) => {
  if (Array.isArray(json?.[key])) json[key].unshift(item);
};
const root = (answer: OwnAnswer) => (asked: Asked) =>
  /^(volume|compute)$/.test(asked.service) && /^\/?$/.test(asked.path) ? answer : undefined;
/** No version document anywhere. */
const documents = (answer: OwnAnswer) => (asked: Asked) =>
  /^(volume|compute)$/.test(asked.service) && /^\/(v[\d.]+\/?)?$/.test(asked.path) ? answer : undefined;
/** The first answers of a service are others. */
const first = (times: number, when: (asked: Asked) => boolean, answer: OwnAnswer) => {
  let left = times;
  return (asked: Asked) => (when(asked) && left-- > 0 ? answer : undefined);
};
const backups = (asked: Asked) => asked.service === 'volume' && /\/backups/.test(asked.path);
const listsVolumes = (asked: Asked) => asked.service === 'volume' && /\/volumes\/detail/.test(asked.path);
const ODD_ID = '00000000-0000-4000-8000-00000000dead';

export const ROWS: readonly Row[] = [
  { oddity: 'none', words: volume, code: 0, prints: PLANNED },
  // The login.
  ...(
    [
      ['a user id with a dot', login((token) => (token.user.id = 'jane.doe'))],
      ['a user id that is an address', login((token) => (token.user.id = 'jane%40example.org'))],
      [
        'a service whose URL is null',
        login(({ catalog }) => catalog.push({ type: 'x', endpoints: [{ interface: 'public', url: null }] })),
      ],
      ['a service without type', login(({ catalog }) => catalog.push({ name: 'weird', endpoints: [] }))],
      ['a token without roles', login((token) => delete token.roles)],
      ['a project without domain', login((token) => delete token.project.domain)],
      [
        'a catalogue without names and ids',
        login(({ catalog }) =>
          catalog.forEach((entry: Loose) => {
            delete entry.name;
            delete entry.id;
          }),
        ),
      ],
    ] as const
  ).map(([oddity, after]): Row => ({ oddity, after, words: volume, code: 0, prints: PLANNED })),
  {
    oddity: 'two regions, in another order for each service, and none named',
    after: login(({ catalog }) => {
      for (const entry of catalog)
        entry.endpoints = (entry.type === 'image' ? ['SBG5', 'GRA11'] : ['GRA11', 'SBG5']).flatMap((region) =>
          entry.endpoints.map((endpoint: Loose) => ({ ...endpoint, region, region_id: region })),
        );
    }),
    environment: { OS_REGION_NAME: '' },
    words: volume,
    code: 2,
    prints: /several regions, and none is chosen: GRA11, SBG5/,
  },
  // Endpoints of older forms.
  {
    oddity: 'compute at /v2/PROJECT',
    after: endpoints(/^compute$/, (endpoint, token) => {
      endpoint.url = endpoint.url.replace(/\/v2\.1.*$/, `/v2/${token.project.id}`);
    }),
    words: server,
    code: 0,
    prints: /proof/,
    asks: /^GET compute \/v2\.1\/[0-9a-f]+\/servers\/detail/m,
  },
  ...['v1', 'v2'].map(
    (version): Row => ({
      oddity: `volume at /${version}/PROJECT`,
      after: endpoints(/block|volume/, (endpoint) => {
        endpoint.url = endpoint.url.replace('/v3', `/${version}`);
      }),
      words: version === 'v2' ? real : volume,
      code: 0,
      prints: version === 'v2' ? /of volume "odd" is available after/ : PLANNED,
      asks: /^GET volume \/v3\/[0-9a-f]+\/volumes\/detail/m,
    }),
  ),
  // Discovery.
  ...(
    [
      ['401', { status: 401 }],
      ['302', { status: 302, headers: { location: 'https://portal.example/login' } }],
      ['404', { status: 404, body: 'nope' }],
      ['500', { status: 500, body: 'oops' }],
      ['a page', { status: 200, headers: { 'content-type': 'text/html' }, body: '<html>It works</html>' }],
    ] as const
  ).map(
    ([what, answer]): Row => ({
      oddity: `the root of Nova and Cinder answers ${what}`,
      before: root(answer),
      words: what === '404' ? server : volume,
      code: 0,
      prints: what === '404' ? /proof/ : PLANNED,
      printsNot: /oldest version/,
    }),
  ),
  {
    oddity: 'no version document at all',
    before: documents({ status: 404, body: 'nope' }),
    words: volume,
    code: 0,
    prints: /using the oldest version of the API/,
  },
  // Lists.
  {
    oddity: 'flavor ids with a dot and a space',
    after: items('flavors', (flavor) => (flavor.id = `m1.${flavor.id} x`)),
    words: server,
    code: 0,
    prints: /proof/,
  },
  {
    oddity: 'a flavor without memory',
    after: another('flavors', { id: 'odd', name: 'odd' }),
    words: server,
    code: 0,
    prints: /flavor "odd" of the cloud cannot be read .*left out/,
  },
  {
    oddity: 'a server in a cell that is down',
    after: another('servers', {
      id: ODD_ID,
      status: 'UNKNOWN',
      tenant_id: 'ab',
      created: '2026-01-01T00:00:00Z',
      links: [],
    }),
    words: server,
    code: 0,
    prints: /proof/,
  },
  {
    oddity: 'a server in a cell that is down, asked for',
    after: another('servers', {
      id: ODD_ID,
      status: 'UNKNOWN',
      tenant_id: 'ab',
      created: '2026-01-01T00:00:00Z',
      links: [],
    }),
    words: () => ['backup-server', '--servers', ODD_ID, '--dry-run'],
    code: 1,
    prints: /is UNKNOWN[\s\S]*its cell/,
  },
  {
    oddity: 'a volume without size: it fails alone',
    after: another('volumes', { id: ODD_ID, name: 'odd', status: 'available' }),
    words: all,
    code: 1,
    prints: /unreadable: size is not a whole number/,
  },
  ...(
    [
      ['snapshot', 'snapshots', { id: ODD_ID, size: 'large' }],
      ['backup', 'backups', { id: ODD_ID, volume_id: null }],
      ['image', 'images', { id: ODD_ID, status: 'active' }],
      ['secret', 'secrets', { secret_ref: 'elsewhere' }],
      ['volume type', 'volume_types', { name: 'odd' }],
    ] as const
  ).map(
    ([word, key, item]): Row => ({
      oddity: `an odd ${word} among the others`,
      after: another(key, item),
      words: volume,
      code: 0,
      prints: PLANNED,
    }),
  ),
  // Limits of requests.
  {
    oddity: '429 without Retry-After, five times',
    before: first(5, listsVolumes, { status: 429, body: 'Too many requests' }),
    words: volume,
    code: 0,
    prints: PLANNED,
  },
  {
    oddity: '413 with a positive Retry-After',
    before: first(1, listsVolumes, {
      status: 413,
      headers: { ...JSON_TYPE, 'retry-after': '2' },
      body: '{"overLimit":{"code":413,"message":"This request was rate-limited."}}',
    }),
    words: volume,
    code: 0,
    prints: PLANNED,
  },
  {
    oddity: '429 at the login, five times',
    before: first(5, ({ service, method }) => service === 'identity' && method === 'POST', { status: 429 }),
    words: volume,
    code: 0,
    prints: PLANNED,
  },
  // Closed services.
  ...[403, 404].flatMap((status): Row[] => [
    {
      oddity: `backups answer ${status}, and none is needed`,
      before: (asked) => (backups(asked) ? { status, headers: JSON_TYPE, body: '{}' } : undefined),
      words: (made) => [...volume(made), '--method', 'image'],
      code: 0,
      prints: /image/,
      printsNot: /client is destroyed/,
    },
    {
      oddity: `backups answer ${status}, and one is needed`,
      before: (asked) => (backups(asked) ? { status, headers: JSON_TYPE, body: '{}' } : undefined),
      words: volume,
      code: 1,
      prints: /cannot list the backups: HTTP 40[34].* Save an image instead \(--method image\)/,
      printsNot: /client is destroyed|cannot be backed up.*cannot be backed up/,
    },
  ]),
  {
    oddity: 'the volumes are forbidden while the snapshots are slow: the first error ends all',
    before: (asked) => {
      if (listsVolumes(asked)) return { status: 403, headers: JSON_TYPE, body: '{}' };
      return asked.service === 'volume' && /\/snapshots/.test(asked.path) ? { status: 503 } : undefined;
    },
    words: volume,
    code: 1,
    prints: /cannot list the volumes: HTTP 403/,
    printsNot: /client is destroyed/,
  },
  {
    oddity: '401 of one service after a good login',
    before: (asked) => (listsVolumes(asked) ? { status: 401 } : undefined),
    words: volume,
    code: 1,
    prints: /The login was accepted/,
    printsNot: /check user, password/,
  },
];
