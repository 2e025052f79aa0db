import { InputError } from '../../errors.ts';
import { checkedEndpoint, checkedRegion, isInClear } from '../place-name.ts';
import { isAws } from './address.ts';
import type { CredentialSource } from './client.ts';
import { readProfile, type Variables } from './profile.ts';
import { type RoleOptions, roleSource } from './role.ts';
import type { Credentials } from './sign.ts';

export interface ServiceOptions {
  /** As inputs give them; each before what the environment says. */
  readonly endpoint?: string | undefined;
  readonly region?: string | undefined;
  readonly role?: string | undefined;
  readonly environment: Variables;
}

export interface SettingsOptions extends ServiceOptions {
  /** For a role, see {@link RoleOptions}. */
  readonly roleOptions: Omit<RoleOptions, 'role' | 'endpoint' | 'region'>;
}

export interface S3Settings {
  readonly credentials: CredentialSource;
  readonly endpoint: string | undefined;
  readonly region: string | undefined;
}

/**
 * Where S3 is and who asks: the inputs, then the variables, then the profile that AWS's own tools would take.
 *
 * @throws InputError if there are no credentials
 */
export async function s3Settings(options: SettingsOptions): Promise<S3Settings> {
  const { role, roleOptions } = options;
  const { secret } = roleOptions;
  const { environment, endpoint, region, own, profile } = await said(options);
  if (role !== undefined) {
    const sts = stsOf(environment, endpoint);
    return { endpoint, region, credentials: roleSource({ ...roleOptions, role, region, endpoint: sts }) };
  }
  const first = own ?? profile?.credentials;
  if (first === undefined)
    throw new InputError(
      'no credentials for S3',
      'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, name a profile with AWS_PROFILE, or give `store-role`.',
    );
  let current = masked(first, secret);
  return {
    endpoint,
    region,
    // Another program may have written new ones.
    credentials: async (refused) => {
      if (refused === current && own === undefined)
        current = masked((await readProfile(environment))?.credentials ?? current, secret);
      return current;
    },
  };
}

/**
 * Where S3 is, by the same rules. Asks nobody, and needs no credentials.
 *
 * @throws InputError for a profile, endpoint or region that is none
 */
export async function s3Service(options: ServiceOptions): Promise<Pick<S3Settings, 'endpoint' | 'region'>> {
  const { endpoint, region } = await said(options);
  return { endpoint, region };
}

async function said({ role, ...given }: ServiceOptions) {
  const environment = trimmed(given.environment);
  const own = fromVariables(environment);
  const profile = role === undefined && own === undefined ? await readProfile(environment) : undefined;
  const variable = ['AWS_ENDPOINT_URL_S3', 'AWS_ENDPOINT_URL'].find((name) => environment[name]);
  const endpoint = given.endpoint
    ? checkedEndpoint(given.endpoint)
    : variable !== undefined
      ? checkedEndpoint(environment[variable], variable)
      : checkedEndpoint(profile?.endpoint, '`endpoint_url` of the AWS profile');
  const region = checkedRegion(
    given.region || environment['AWS_REGION'] || environment['AWS_DEFAULT_REGION'] || profile?.region,
  );
  return { environment, endpoint, region, own, profile };
}

/**
 * Who gives the credentials of a role. GitHub's token goes there, so never to an S3 server of somebody else.
 *
 * @returns undefined for AWS
 */
function stsOf(environment: Variables, endpoint: string | undefined): string | undefined {
  const variable = 'AWS_ENDPOINT_URL_STS';
  const sts = checkedEndpoint(environment[variable] || undefined, variable, 'https://sts.example.com');
  if (sts === undefined && endpoint !== undefined && !isAws(URL.parse(endpoint)?.hostname ?? ''))
    throw new InputError(
      '`store-role` is for AWS, and the S3 service is another one',
      'Set AWS_ENDPOINT_URL_STS to the service that gives credentials for its roles, or give keys.',
    );
  if (sts !== undefined && isInClear(sts))
    throw new InputError(`${variable} is not an https:// address`, 'A token must not travel in clear.');
  if (endpoint !== undefined && isInClear(endpoint))
    throw new InputError(
      'the endpoint of S3 is not an https:// address, and a token of `store-role` must not travel in clear',
      'Write https://.',
    );
  return sts;
}

/** A secret that was pasted often ends with a line end. */
function trimmed(environment: Variables): Variables {
  return Object.fromEntries(
    Object.entries(environment).map(([name, value]) =>
      name.startsWith('AWS_') ? [name, value?.trim() || undefined] : [name, value],
    ),
  );
}

function fromVariables(environment: Variables): Credentials | undefined {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = environment;
  if (!accessKeyId && !secretAccessKey) return undefined;
  if (!accessKeyId || !secretAccessKey)
    throw new InputError(
      `${accessKeyId ? 'AWS_SECRET_ACCESS_KEY' : 'AWS_ACCESS_KEY_ID'} is not set`,
      'Set both, or none. In a workflow, check that the secret exists under exactly that name.',
    );
  return { accessKeyId, secretAccessKey, sessionToken: environment['AWS_SESSION_TOKEN'] || undefined };
}

function masked(credentials: Credentials, secret: (value: string) => void): Credentials {
  secret(credentials.secretAccessKey);
  if (credentials.sessionToken !== undefined) secret(credentials.sessionToken);
  return credentials;
}
