import { type Json, object } from '../decode.ts';
import { messageOf } from '../errors.ts';
import type { Log } from '../ports/log.ts';
import { type Service, splitVersion } from './catalog.ts';
import { hasStatus, isUncertain } from './errors.ts';
import { lower, type Microversion, parseMicroversion } from './microversions.ts';

/** The highest version whose changes we have read, and the path that knows microversions. */
const MICROVERSIONED: Partial<
  Record<Service, { readonly name: string; readonly highest: string; readonly path: string }>
> = {
  'block-storage': { name: 'volume', highest: '3.71', path: 'v3' },
  compute: { name: 'compute', highest: '2.100', path: 'v2.1' },
};

/** The URL and the microversion of a service. */
export interface Agreed {
  readonly base: string;
  readonly name: string;
  readonly version: Microversion | undefined;
}

/**
 * The URL and the highest microversion that both sides know. Older catalogues name `/v2` of Nova and `/v1` or `/v2` of
 * Cinder, which know none: then the newer path is used, if it answers. A hidden document says nothing about the
 * cloud: then requests go without a version, and every service answers with its oldest behaviour. A failing service
 * must not pass for an old one.
 *
 * @param ask reads a document; throws CloudError
 */
export async function agree(
  service: Service,
  endpoint: string,
  ask: <T>(url: string, decode: (answer: Json) => T) => Promise<T>,
  log: Log,
): Promise<Agreed> {
  // The endpoint holds the account, and the gateways of Ceph and others put theirs behind paths of their own.
  if (service === 'object-store') return { base: endpoint, name: '', version: undefined };
  const { root, versioned, path, rest } = splitVersion(service, endpoint);
  const known = MICROVERSIONED[service];
  if (known === undefined) return { base: versioned, name: '', version: undefined };
  const wanted = parseMicroversion(known.highest);
  if (wanted === undefined) throw new TypeError(`${known.highest} is not a microversion`);
  const newer = `${root}/${known.path}${rest}`;
  const told: unknown[] = [];
  for (const url of [`${root}/${known.path}/`, `${root}/`]) {
    try {
      const offered = await ask(url, (answer) => highestOffered(answer, wanted.major));
      // The root's list also names versions without microversions.
      if (offered !== undefined) return { base: newer, name: known.name, version: lower(offered, wanted) };
      if (url !== `${root}/`) return { base: newer, name: known.name, version: undefined };
    } catch (error) {
      if (isUncertain(error) && !hasStatus(error, 500)) throw error;
      told.push(error);
    }
  }
  if (told.length > 0) log.warn(`${messageOf(told[0])}; using the oldest version of the API`);
  // Cinder took /v1 and /v2 away; Nova's /v2 answers as before.
  const base = service === 'block-storage' || path === known.path ? newer : versioned;
  return { base, name: known.name, version: undefined };
}

/** Of `versions`, or of the single `version` at a versioned URL of Nova. */
function highestOffered(answer: Json, major: number): Microversion | undefined {
  const one = answer['version'];
  const all = one === undefined ? answer['versions'] : [one];
  if (!Array.isArray(all)) throw new TypeError('versions is not a list');
  return all
    .map((version) => {
      const { version: max } = object(version, 'a version');
      return typeof max === 'string' ? parseMicroversion(max) : undefined;
    })
    .find((version) => version?.major === major);
}
