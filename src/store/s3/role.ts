import type { Clock } from '../../clock.ts';
import { InputError } from '../../errors.ts';
import { answered } from '../../openstack/answers.ts';
import type { Http } from '../../openstack/http.ts';
import { retry } from '../../openstack/retry.ts';
import type { Log } from '../../ports/log.ts';
import { quoted } from '../../text/escape.ts';
import { awsHost, isAwsRegion, isSts } from './address.ts';
import { type CredentialSource, S3, textOf } from './client.ts';
import { errorOf, readRefusal } from './refusal.ts';
import { type Credentials, queryOf } from './sign.ts';
import { field } from './xml.ts';

export interface RoleOptions {
  /** Its ARN. */
  readonly role: string;
  /** A new token that proves who we are, for the audience that the role trusts. */
  readonly token: (audience: string) => Promise<string>;
  /** URL of the server that gives credentials, which the token is for; undefined: AWS's in `region`. */
  readonly endpoint?: string | undefined;
  readonly region?: string | undefined;
  readonly http: Http;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: () => AbortSignal | undefined;
  /** Called with each secret as soon as it is known. */
  readonly secret: (value: string) => void;
}

const LEAST_LIFE_MS = 5 * 60_000;

/**
 * Credentials of a role, exchanged for a token and renewed before they expire. Concurrent callers share one exchange.
 *
 * @throws InputError for what is no role
 */
export function roleSource(options: RoleOptions): CredentialSource {
  if (!/^arn:[\w-]{1,20}:iam:[\w-]{0,30}:[\w-]{0,64}:role\/[\w+=,.@/-]{1,600}$/.test(options.role))
    throw new InputError(`\`store-role\` is not the ARN of a role`, 'Write arn:aws:iam::ACCOUNT:role/NAME.');
  const { endpoint, region } = options;
  if (endpoint === undefined && region !== undefined && !isAwsRegion(region))
    throw new InputError(
      `\`store-role\` is for AWS, which has no region ${quoted(region)}`,
      'Correct `s3-region`, or AWS_REGION.',
    );
  let current: Passing | undefined;
  let renewal: Promise<Passing> | undefined;
  return async (refused) => {
    const lives = current !== undefined && current.expires - options.clock.now() > LEAST_LIFE_MS;
    if (current !== undefined && lives && refused !== current.credentials) return current.credentials;
    renewal ??= assumed(options, current === undefined)
      .then((given) => {
        current = given;
        return given;
      })
      .finally(() => {
        renewal = undefined;
      });
    return (await renewal).credentials;
  };
}

interface Passing {
  readonly credentials: Credentials;
  /** By our clock. */
  readonly expires: number;
}

async function assumed(options: RoleOptions, isFirst: boolean): Promise<Passing> {
  const { role, endpoint, region = 'us-east-1', http, clock, log, secret } = options;
  const signal = options.signal();
  const doing = `assume role ${role}`;
  const url = new URL(endpoint ?? `https://${awsHost('sts', region)}/`);
  // A token for AWS would open AWS to whoever runs another server.
  const audience = isSts(url.hostname) ? 'sts.amazonaws.com' : url.hostname;
  return retry(
    true,
    async () => {
      const token = await options.token(audience);
      secret(token);
      const body = queryOf({
        Action: 'AssumeRoleWithWebIdentity',
        Version: '2011-06-15',
        RoleArn: role,
        RoleSessionName: 'openstack-backup',
        WebIdentityToken: token,
      });
      const headers = { 'content-type': 'application/x-www-form-urlencoded' };
      const answer = await answered(
        doing,
        () => http.send({ method: 'POST', url: url.href, headers, body, signal }),
        signal,
        { ...S3, address: 'AWS_ENDPOINT_URL_STS' },
      );
      if (answer.status !== 200)
        throw refused(doing, await readRefusal(answer, clock.now()), isFirst, audience);
      const date = Date.parse(answer.headers['date'] ?? '');
      return decoded(doing, await textOf(doing, answer), Number.isNaN(date) ? clock.now() : date, options);
    },
    { clock, log, signal },
  );
}

function refused(
  doing: string,
  refusal: Parameters<typeof errorOf>[1],
  isFirst: boolean,
  audience: string,
): Error {
  const error = errorOf(doing, refusal);
  return isFirst &&
    refusal.status < 500 &&
    refusal.code !== undefined &&
    refusal.code !== 'IDPCommunicationError'
    ? new InputError(
        error.message,
        `The role must trust the tokens of GitHub (audience ${audience}) of this repository: see its trust policy.`,
        error,
      )
    : error;
}

/** @param date the server's clock, milliseconds since the epoch: its times are by that */
function decoded(doing: string, xml: string, date: number, { clock, secret }: RoleOptions): Passing {
  const [accessKeyId = '', secretAccessKey = '', sessionToken = ''] = [
    'AccessKeyId',
    'SecretAccessKey',
    'SessionToken',
  ].map((name) => field(xml, name));
  for (const value of [secretAccessKey, sessionToken]) secret(value);
  const life = Date.parse(field(xml, 'Expiration') ?? '') - date;
  if (accessKeyId === '' || secretAccessKey === '' || sessionToken === '' || Number.isNaN(life))
    throw new InputError(`cannot ${doing}: the answer holds no credentials`, 'Correct the endpoint.');
  return { credentials: { accessKeyId, secretAccessKey, sessionToken }, expires: clock.now() + life };
}
