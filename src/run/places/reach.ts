import { PlainError } from '../../errors.ts';
import { isDirectory, parseStore, placeName, type StoreName } from '../../store/place-name.ts';
import type { Context } from '../context.ts';
import { checkedStore, type S3Name, serviceOf } from './open-store.ts';
import type { StoreGiven } from './storing.ts';

/** Where an S3 place is, as far as it is known. */
type Service = Partial<Pick<S3Name, 'endpoint' | 'region' | 'pathStyle'>>;

/** What the name of a place does not say, and a command on another machine needs. */
export interface Reach {
  /** Of the S3 places that inputs named, by `Place.name`. */
  readonly named: ReadonlyMap<string, Service>;
  /** Of all other S3 places. */
  readonly others: Service;
  /** What `store-cloud` says of places in Swift. */
  readonly cloud: string | undefined;
}

/**
 * How a run reaches its places. Asks nobody.
 *
 * @param inputs that name places besides `store`
 * @param places that a command will name
 */
export async function reachOf(
  context: Context,
  given: StoreGiven,
  inputs: readonly string[],
  places: readonly string[],
): Promise<Reach> {
  const cloud = given['store-cloud'];
  if (!places.some((place) => place.startsWith('s3://'))) return { named: new Map(), others: {}, cloud };
  const found = [given.store ?? '', ...inputs].flatMap((text) => {
    const named = /^s3:/.test(text) ? parsedOr(() => checkedStore(text, given, '').named) : undefined;
    return named?.kind === 's3' ? [named] : [];
  });
  const named = new Map<string, Service>();
  for (const one of found) named.set(nameOf(one), { ...(await known(one)), pathStyle: one.pathStyle });
  const [endpoint, region] = [given['s3-endpoint'], given['s3-region']];
  return { named, others: await known({ endpoint, region }), cloud };

  async function known(said: Pick<S3Name, 'endpoint' | 'region'>): Promise<Service> {
    try {
      return await serviceOf(context, said, given);
    } catch (error) {
      // The profile may be broken, and nobody needed it.
      if (error instanceof PlainError) return said;
      throw error;
    }
  }
}

/**
 * The name of a place as `store` takes it on any machine; undefined if no input would take it.
 *
 * @param name of a `Place`, or what a manifest says it was
 */
export function addressed(name: string, reach: Reach): string | undefined {
  if (isDirectory(name)) return `directory:${name}`;
  const place = parsedOr(() => parseStore(name));
  // A name has no query of its own: what is behind a question mark may be anybody's.
  if (place === undefined || place.kind === 'directory' || nameOf(place) !== name) return undefined;
  if (place.kind === 'swift') return name;
  const { endpoint, region, pathStyle } = serviceOfPlace(name, reach);
  const query = Object.entries({ endpoint, region, 'path-style': pathStyle }).flatMap(([key, value]) =>
    value === undefined ? [] : [`${key}=${String(value).replace(/[%&+#]/g, encodeURIComponent)}`],
  );
  return query.length === 0 ? name : `${name}?${query.join('&')}`;
}

/** @param name of a `Place` */
export function serviceOfPlace(name: string, { named, others }: Reach): Service {
  return named.get(name) ?? others;
}

function nameOf(place: Exclude<StoreName, { kind: 'directory' }>): string {
  return placeName(place.kind, place.kind === 's3' ? place.bucket : place.container, place.prefix);
}

function parsedOr<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch (error) {
    if (error instanceof PlainError) return undefined;
    throw error;
  }
}
