import { InputError } from '../errors.ts';
import { withoutTrailing } from '../text/escape.ts';
import type { CloudConfig, ServiceType } from './config/cloud.ts';
import type { CatalogEntry } from './identity/v3/tokens.ts';

/** The services that we speak to, each with the names it goes by (service-types-authority), best first. */
export const SERVICE_TYPES = {
  'block-storage': ['block-storage', 'volumev3', 'volume', 'block-store', 'volumev2'],
  image: ['image'],
  compute: ['compute'],
  'key-manager': ['key-manager'],
  network: ['network'],
  'object-store': ['object-store'],
} as const satisfies Record<ServiceType, readonly string[]>;

export type Service = ServiceType;

/** The version that ends an endpoint's path when the catalogue leaves it out. */
const VERSION: Readonly<Record<Service, string>> = {
  'block-storage': 'v3',
  image: 'v2',
  compute: 'v2.1',
  'key-manager': 'v1',
  network: 'v2.0',
  'object-store': 'v1',
};

/** The token's project and user, for the placeholders of an override. */
export interface Owner {
  readonly project: { readonly id: string };
  readonly user: { readonly id: string };
}

/**
 * The URL of a service: the caller's override, else the catalogue's entry for the region and the best interface.
 * Behind TLS, discovery documents often name internal hosts, so no other URL is ever used.
 *
 * @returns the URL without a slash at its end
 * @throws InputError that lists what the catalogue has
 */
export function endpointOf(
  service: Service,
  catalog: readonly CatalogEntry[],
  config: CloudConfig,
  owner?: Owner,
): string {
  const { endpoint: override, interfaces, region } = config.services[service];
  if (override !== undefined) return trimmed(service, ownedBy(owner, override));
  const types: readonly string[] = SERVICE_TYPES[service];
  const all = types.flatMap((type) => catalog.filter((entry) => entry.type === type));
  for (const { endpoints } of all) {
    const here = endpoints.filter((endpoint) => region === undefined || endpoint.region === region);
    const best = interfaces
      .map((wanted) => here.find((endpoint) => endpoint.interface === wanted))
      .find((endpoint) => endpoint !== undefined);
    if (best !== undefined) return trimmed(service, best.url);
  }
  const offered = all.flatMap(({ type, endpoints }) =>
    endpoints.map((endpoint) => `${type} ${endpoint.interface} in ${endpoint.region}`),
  );
  throw new InputError(
    `the service catalog has no ${interfaces.join(' or ')} endpoint for ${service}${region === undefined ? '' : ` in region ${region}`}`,
    offered.length > 0
      ? `It has: ${offered.join(', ')}. Set \`region\` or the interface in clouds.yaml.`
      : `It has only: ${
          catalog
            .map((entry) => entry.type)
            .sort()
            .join(', ') || 'nothing'
        }. Check the project, or set ${service.replaceAll('-', '_')}_endpoint_override.`,
  );
}

/** Fills in the placeholders as keystoneauth does. */
function ownedBy(owner: Owner | undefined, url: string): string {
  if (owner === undefined) return url;
  const { project, user } = owner;
  return url.replaceAll('%(project_id)s', project.id).replaceAll('%(user_id)s', user.id);
}

/**
 * Why a token must not go to an endpoint: it has no TLS, although the login had. Either the operator made a mistake,
 * or somebody sits in between. An endpoint that the user wrote is trusted.
 *
 * @throws InputError if `verify` was asked for
 * @returns what to warn of; undefined if nothing is wrong
 */
export function plainDoubt(service: Service, endpoint: string, config: CloudConfig): string | undefined {
  if (!endpoint.startsWith('http:') || !config.auth.authUrl.startsWith('https:')) return undefined;
  const what = `the endpoint of ${service} is ${endpoint}, without TLS: anyone in between can read the token and all data`;
  if (!config.verifyIsAsked || isOverridden(service, config)) return what;
  throw new InputError(
    what,
    `Ask the operator for an https endpoint. To use it anyway, leave \`verify\` out, which asks for checked certificates, or set ${service.replaceAll('-', '_')}_endpoint_override.`,
  );
}

function isOverridden(service: Service, config: CloudConfig): boolean {
  return config.services[service].endpoint !== undefined;
}

/** The regions in which the catalogue has the service, at any interface unless some are given. */
export function regionsOf(
  service: Service,
  catalog: readonly CatalogEntry[],
  kinds?: readonly string[],
): string[] {
  const types: readonly string[] = SERVICE_TYPES[service];
  const endpoints = catalog
    .filter((entry) => types.includes(entry.type))
    .flatMap((entry) => entry.endpoints)
    .filter((endpoint) => kinds === undefined || kinds.includes(endpoint.interface));
  return [...new Set(endpoints.map((endpoint) => endpoint.region))];
}

function trimmed(service: Service, url: string): string {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    throw new InputError(
      `the endpoint of ${service} is not a URL`,
      'Ask the operator, or override it in clouds.yaml.',
    );
  }
  if (parsed.protocol !== 'https:' && parsed.protocol !== 'http:')
    throw new InputError(`the endpoint of ${service} is neither http nor https`);
  return withoutTrailing('/', `${parsed.origin}${parsed.pathname}`);
}

/** An endpoint split at its version: `https://c/volume`, `v3` and `/PROJECT`; a missing version is added. */
export function splitVersion(
  service: Service,
  endpoint: string,
): { root: string; versioned: string; path: string; rest: string } {
  const [, root, path, rest] = /^(.*?)\/(v\d+(?:\.\d+)?)(\/.*)?$/.exec(endpoint) ?? [];
  if (root !== undefined && path !== undefined) return { root, versioned: endpoint, path, rest: rest ?? '' };
  return { root: endpoint, versioned: `${endpoint}/${VERSION[service]}`, path: VERSION[service], rest: '' };
}

/** A store may lie in any region: it has a say only where it is used. */
const TOGETHER = (Object.keys(SERVICE_TYPES) as Service[]).filter((service) => service !== 'object-store');

/**
 * Without a region, each service would take its own first endpoint, and data could cross from one region to another.
 *
 * @throws InputError if there are several
 */
export function checkRegion(
  catalog: readonly CatalogEntry[],
  config: CloudConfig,
  services: readonly Service[] = TOGETHER,
): void {
  const open = services.filter(
    (service) => config.services[service].region === undefined && !isOverridden(service, config),
  );
  const regions = open.map((service) => regionsOf(service, catalog, config.services[service].interfaces));
  if (regions.every(({ length }) => length < 2)) return;
  throw new InputError(
    `cloud "${config.name}" has several regions, and none is chosen: ${[...new Set(regions.flat())].sort().join(', ')}`,
    'Name one: `region`, `region_name` in clouds.yaml, or OS_REGION_NAME.',
  );
}
