import { resolve } from 'node:path';
import { InputError } from '../../errors.ts';
import type { CloudInputs } from '../../inputs/cloud.ts';
import { parseBandwidth, type StoreAccess } from '../../inputs/store.ts';
import { directoryPlace } from '../../store/directory.ts';
import type { Place } from '../../store/place.ts';
import {
  checkedEndpoint,
  checkedRegion,
  isInClear,
  parseStore,
  type StoreName,
} from '../../store/place-name.ts';
import { quoted } from '../../text/escape.ts';
import type { Context } from '../context.ts';

/** The inputs of a command that name places. No command has them all. */
export interface NamedPlaces {
  readonly store?: string | undefined;
  readonly manifest?: string | readonly string[] | undefined;
  readonly publish?: readonly string[] | undefined;
}

type Given = CloudInputs & StoreAccess & NamedPlaces;

/** A place that was named, checked and not yet opened. */
export interface StorePlace {
  /** As it was given. */
  readonly text: string;
  readonly named: StoreName;
  readonly given: Given;
  /** Bytes per second. */
  readonly rate: number | undefined;
}

export type S3Name = Extract<StoreName, { kind: 's3' }>;

/** The inputs that name places. */
export type NamingInput = 'store' | 'manifest' | 'publish';

/** Which inputs are for which place. */
const OF_ONE = {
  's3-endpoint': 's3',
  's3-region': 's3',
  's3-access-key': 's3',
  's3-secret-key': 's3',
  'store-role': 's3',
  'store-cloud': 'swift',
} as const;

/**
 * Checks the name of a place and the inputs that say how to reach it. Asks nobody.
 *
 * @param directory where relative paths start
 * @param input that gives the name, for errors
 * @throws InputError for an unsupported place, and for inputs that contradict it or each other
 */
export function checkedStore(
  text: string,
  given: Given,
  directory: string,
  input: NamingInput = 'store',
): StorePlace {
  const parsed = parseStore(text, input);
  for (const [name, kind] of Object.entries(OF_ONE))
    if (given[name as keyof typeof OF_ONE] !== undefined && !namesOne(kind, [text, ...placesIn(given)]))
      throw new InputError(
        `\`${name}\` is for a store like ${kind}://…, and \`${input}\` is ${quoted(text)}`,
        `Leave it out, or correct \`${input}\`.`,
      );
  if ((given['s3-access-key'] === undefined) !== (given['s3-secret-key'] === undefined))
    throw new InputError('`s3-access-key` and `s3-secret-key` are needed together', 'Give both, or neither.');
  if (given['store-role'] !== undefined && given['s3-access-key'] !== undefined)
    throw new InputError('`store-role` and `s3-access-key` contradict each other', 'Give one of them.');
  const rate = parseBandwidth(given.bandwidth);
  if (parsed.kind === 'directory')
    return { text, named: { ...parsed, path: resolve(directory, parsed.path) }, given, rate };
  if (parsed.kind === 'swift') return { text, named: parsed, given, rate };
  const endpoint = agreed(input, 'endpoint', parsed.endpoint, checkedEndpoint(given['s3-endpoint']));
  const region = agreed(input, 'region', parsed.region, checkedRegion(given['s3-region']));
  return { text, named: { ...parsed, endpoint, region }, given, rate };
}

/** They may be for the place of another input: `store` in a directory, manifests in S3. */
function placesIn({ store = '', manifest = [], publish = [] }: NamedPlaces): readonly string[] {
  return [store, manifest, publish].flat();
}

function namesOne(kind: 's3' | 'swift', places: readonly string[]): boolean {
  return places.some((place) => place.replace(/^latest:/, '').startsWith(`${kind}://`));
}

function agreed(
  input: NamingInput,
  what: 'endpoint' | 'region',
  named: string | undefined,
  given: string | undefined,
) {
  if (named === undefined || given === undefined || named === given) return named ?? given;
  throw new InputError(
    `\`${input}\` says ${what}=${named}, and \`s3-${what}\` is ${given}`,
    'Give it once, or both alike.',
  );
}

/**
 * Opens a place, once per run: it may know payloads that no manifest names yet, and has one rate for all that goes on.
 *
 * @throws InputError if it cannot be reached with what was given
 */
export function openStore(context: Context, store: StorePlace): Promise<Place> {
  return context.once(`store ${JSON.stringify(store.named)}`, async () => {
    const place = await opened(context, store);
    const { clock, signal } = context.host;
    if (store.rate === undefined) return place;
    const { limitedPlace } = await import('../../store/limited.ts');
    return limitedPlace(place, store.rate, clock, signal);
  });
}

async function opened(context: Context, { named, given }: StorePlace): Promise<Place> {
  const { host } = context;
  if (named.kind === 'directory')
    return directoryPlace(named.path, {
      run: host.run,
      liveness: (owner) => host.liveness(owner),
      now: () => host.clock.now(),
    });
  if (named.kind === 's3') return openS3(context, named, given);
  const { swiftPlace } = await import('../../store/swift/place.ts');
  const elsewhere = given['store-cloud'];
  const session =
    elsewhere === undefined
      ? await context.connect(given)
      : await context.connectElsewhere(elsewhere, given['clouds-yaml']);
  return swiftPlace({ ...named, client: () => session.service('object-store') });
}

async function openS3(context: Context, named: S3Name, given: StoreAccess): Promise<Place> {
  const { host } = context;
  const [{ s3Settings }, { s3Place }] = await Promise.all([
    import('../../store/s3/credentials.ts'),
    import('../../store/s3/place.ts'),
  ]);
  const { http, signal } = context.outside();
  const rest = { http, clock: host.clock, log: host.log, signal };
  const { credentials, endpoint, region } = await s3Settings({
    ...saidOf(context, named, given),
    roleOptions: {
      ...rest,
      token: (audience) => tokenForRole(context, audience),
      secret: (value) => host.secrets.add(value),
    },
  });
  if (endpoint !== undefined && isInClear(endpoint))
    await context.once(`warning about ${endpoint}`, async () =>
      host.log.warn(`${endpoint} is not https://: others may read and change what is sent there`),
    );
  return s3Place({ ...named, endpoint, region, credentials, ...rest });
}

/**
 * GitHub's token for AWS. `pull_request_target` has the one of the default branch, whatever code it runs.
 * https://docs.github.com/actions/reference/security/oidc#example-subject-claims
 *
 * @throws InputError if a pull request started the run
 */
async function tokenForRole({ host }: Context, audience: string): Promise<string> {
  const event = host.github?.here.event;
  if (event?.startsWith('pull_request'))
    throw new InputError(
      `\`store-role\` is not taken in a run that ${event} started`,
      'Nobody may have reviewed what it runs. Use a run that a schedule, a push or a person starts.',
    );
  return host.identityToken(audience);
}

/** The service and the region of a place in S3, as far as it is known before asking. */
export async function serviceOf(
  context: Context,
  named: Pick<S3Name, 'endpoint' | 'region'>,
  given: StoreAccess,
): Promise<Pick<S3Name, 'endpoint' | 'region'>> {
  const { s3Service } = await import('../../store/s3/credentials.ts');
  return s3Service(saidOf(context, named, given));
}

function saidOf(
  { host }: Context,
  { endpoint, region }: Pick<S3Name, 'endpoint' | 'region'>,
  given: StoreAccess,
) {
  return { endpoint, region, role: given['store-role'], environment: withKeys(host.environment, given) };
}

/** Keys that are given stand before those of the environment, and are not mixed with them. */
function withKeys(environment: Context['host']['environment'], given: StoreAccess) {
  const [id, secret] = [given['s3-access-key'], given['s3-secret-key']];
  if (id === undefined || secret === undefined) return environment;
  return {
    ...environment,
    AWS_ACCESS_KEY_ID: id.trim(),
    AWS_SECRET_ACCESS_KEY: secret.trim(),
    AWS_SESSION_TOKEN: undefined,
  };
}
