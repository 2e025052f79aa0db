import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { InputError } from '../../../../src/errors.ts';
import { type Http, openHttp } from '../../../../src/openstack/http.ts';
import { silentLog } from '../../../../src/ports/log.ts';
import { s3Settings } from '../../../../src/store/s3/credentials.ts';
import { startS3 } from '../../../fakes/s3/index.ts';
import { putText, textOf } from '../place-under-test.ts';
import { KEYS, openS3 } from './under-test.ts';

let home: string;
let masked: (string | Uint8Array)[];
beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), 'aws-'));
  masked = [];
  await mkdir(join(home, '.aws'));
});
afterEach(() => rmSync(home, { recursive: true }));

const files = (config: string, credentials = '') => {
  writeFileSync(join(home, '.aws/config'), config);
  writeFileSync(join(home, '.aws/credentials'), credentials);
};

const http = openHttp({ verify: true }, {});
let now = () => Date.now();
const roleOptions = {
  token: async () => 'token of GitHub',
  http,
  clock: { now: () => now(), sleep: async () => undefined },
  log: silentLog,
  signal: () => undefined,
  secret: (value: string) => void masked.push(value),
};
const settings = (environment = {}, inputs = {}) =>
  s3Settings({ environment: { HOME: home, ...environment }, roleOptions, ...inputs });

const KEY = { AWS_ACCESS_KEY_ID: 'AKENV', AWS_SECRET_ACCESS_KEY: 'secret of env' };

describe('keys', () => {
  test('of the variables come before a profile, and are masked', async () => {
    files('', '[default]\naws_access_key_id = AKFILE\naws_secret_access_key = secret of file\n');
    const { credentials, region, endpoint } = await settings({
      ...KEY,
      AWS_SESSION_TOKEN: 'token of env',
      AWS_REGION: 'eu-west-1',
      AWS_DEFAULT_REGION: 'x',
    });
    expect(await credentials()).toEqual({
      accessKeyId: 'AKENV',
      secretAccessKey: 'secret of env',
      sessionToken: 'token of env',
    });
    expect([region, endpoint]).toEqual(['eu-west-1', undefined]);
    expect(masked).toEqual(['secret of env', 'token of env']);
  });

  test('of variables are taken without the spaces and line ends around them', async () => {
    const { credentials, region, endpoint } = await settings({
      AWS_ACCESS_KEY_ID: ' AKENV\n',
      AWS_SECRET_ACCESS_KEY: 'secret of env\r\n',
      AWS_SESSION_TOKEN: ' \n',
      AWS_REGION: 'eu-west-1\n',
      AWS_ENDPOINT_URL_S3: ' https://s3.example.org/ ',
    });
    expect(await credentials()).toEqual({
      accessKeyId: 'AKENV',
      secretAccessKey: 'secret of env',
      sessionToken: undefined,
    });
    expect([region, endpoint]).toEqual(['eu-west-1', 'https://s3.example.org']);
  });

  test.each<[string, string]>([
    ['region = evil.example/', 'the region of S3 is "evil.example/"'],
    ['endpoint_url = s3.example.org', '`endpoint_url` of the AWS profile is "s3.example.org"'],
  ])('of a profile with %s are refused', async (line, message) => {
    files(`[default]\n${line}\n`, '[default]\naws_access_key_id=AK\naws_secret_access_key=S\n');
    const trying = settings();
    await expect(trying).rejects.toBeInstanceOf(InputError);
    await expect(trying).rejects.toThrow(message);
  });

  test('of a profile come with its region and endpoint, which inputs and variables override', async () => {
    files(
      '[default]\nregion = wrong\n[profile "of mine"]\nregion=eu-north-1\nendpoint_url = https://s3.example.org\ns3 =\n  region = nested\n',
      '; mine\n[of mine]\naws_access_key_id=AKFILE\naws_secret_access_key = a=b\n#aws_session_token = no\n',
    );
    const profile = { AWS_PROFILE: 'of mine' };
    const found = await settings(profile);
    expect(await found.credentials()).toEqual({
      accessKeyId: 'AKFILE',
      secretAccessKey: 'a=b',
      sessionToken: undefined,
    });
    expect([found.region, found.endpoint]).toEqual(['eu-north-1', 'https://s3.example.org']);
    expect(masked).toEqual(['a=b']);
    const over = await settings({ ...profile, AWS_ENDPOINT_URL: 'https://over' }, { region: 'given' });
    expect([over.region, over.endpoint]).toEqual(['given', 'https://over']);
  });

  test('of a profile are read again when they are refused', async () => {
    const write = (id: string) =>
      files('', `[default]\naws_access_key_id=${id}\naws_secret_access_key=secret of ${id}\n`);
    write('AK1');
    const { credentials } = await settings();
    const first = await credentials();
    write('AK2');
    expect(await credentials()).toBe(first);
    expect(await credentials(first)).toMatchObject({ accessKeyId: 'AK2' });
    expect(await credentials(first)).toMatchObject({ accessKeyId: 'AK2' });
    expect(masked).toEqual(['secret of AK1', 'secret of AK2']);
  });

  test('of files elsewhere', async () => {
    files('', '');
    writeFileSync(join(home, 'mine'), '[default]\naws_access_key_id=AK\naws_secret_access_key=S\n');
    const { credentials } = await settings({
      AWS_SHARED_CREDENTIALS_FILE: '~/mine',
      AWS_CONFIG_FILE: '/nowhere/x',
    });
    expect(await credentials()).toMatchObject({ accessKeyId: 'AK' });
  });

  test.each<[string, Record<string, string>, string, string]>([
    ['none at all', {}, '', 'no credentials for S3'],
    [
      'half of the variables',
      { AWS_ACCESS_KEY_ID: 'x', AWS_SECRET_ACCESS_KEY: '' },
      '',
      'AWS_SECRET_ACCESS_KEY is not set',
    ],
    ['a profile that is not there', { AWS_PROFILE: 'x' }, '[default]\nregion=y', 'there is no profile "x"'],
    [
      'a profile that needs a browser',
      { AWS_PROFILE: 'x' },
      '[profile x]\nsso_session = y',
      'profile "x" has no keys of its own, but `sso_session`',
    ],
    ['a default one that takes a role', {}, '[default]\nrole_arn = y', 'but `role_arn`'],
  ])('%s: it is told', async (_what, environment, config, words) => {
    files(config);
    const trying = settings(environment);
    await expect(trying).rejects.toBeInstanceOf(InputError);
    await expect(trying).rejects.toThrow(words);
  });
});

describe('a role', () => {
  const role = 'arn:aws:iam::123456789012:role/backups';
  const HOUR = 3_600_000;
  afterEach(() => {
    now = () => Date.now();
  });

  test('gives keys for a token, that work and are masked, and new ones before they expire', async () => {
    await using under = await openS3();
    under.s3.identities.set('token of GitHub', HOUR);
    const { credentials } = await settings(
      { ...KEY, AWS_ENDPOINT_URL_STS: under.s3.url },
      { role, endpoint: under.s3.url },
    );
    const asked = () => under.s3.requests.filter(({ method }) => method === 'POST');
    const all = await Promise.all([credentials(), credentials(), credentials()]);
    expect(new Set(all).size).toBe(1);
    expect(asked().map(({ query }) => Object.fromEntries(query))).toEqual([
      {
        Action: 'AssumeRoleWithWebIdentity',
        Version: '2011-06-15',
        RoleArn: role,
        RoleSessionName: 'openstack-backup',
        WebIdentityToken: 'token of GitHub',
      },
    ]);
    expect(masked).toEqual(['token of GitHub', all[0]?.secretAccessKey, all[0]?.sessionToken]);
    const place = under.place({ credentials });
    await putText(place, 'p', 'x');
    now = () => Date.now() + 50 * 60_000;
    expect(await credentials()).toBe(all[0]);
    now = () => Date.now() + 56 * 60_000;
    expect(await credentials()).not.toBe(all[0]);
    expect(asked()).toHaveLength(2);
    expect(await textOf(place, 'p')).toBe('x');
  });

  test('whose keys are refused gives others, also when the clock is off', async () => {
    await using under = await openS3();
    under.s3.identities.set('token of GitHub', HOUR);
    under.s3.ahead = 5 * HOUR;
    const { credentials } = await settings({ AWS_ENDPOINT_URL_STS: under.s3.url }, { role });
    const first = await credentials();
    expect(await credentials()).toBe(first);
    under.s3.keys = [KEYS, ...under.s3.keys.slice(1).map((keys) => ({ ...keys, expires: 1 }))];
    await putText(under.place({ credentials }), 'p', 'x');
    expect(await credentials()).not.toBe(first);
  });

  test('that does not trust the token: it is told, and what to do', async () => {
    await using s3 = await startS3('backups', []);
    const { credentials } = await settings({ AWS_ENDPOINT_URL_STS: s3.url }, { role });
    await expect(credentials()).rejects.toMatchObject({
      exitCode: 2,
      message: `cannot assume role ${role}: HTTP 403: AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity (request R1)`,
      hint: expect.stringContaining('audience 127.0.0.1'),
    });
  });

  test.each([
    [{}, 'https://s3.example.com', '`store-role` is for AWS, and the S3 service is another one'],
    [{ AWS_ENDPOINT_URL_STS: 'http://sts.example.com' }, undefined, 'is not an https:// address'],
    [{ AWS_ENDPOINT_URL_STS: 'http://localhost.example.com' }, undefined, 'is not an https:// address'],
    [{}, 'http://s3.us-east-1.amazonaws.com', 'must not travel in clear'],
    [{ AWS_ENDPOINT_URL: 'http://s3.us-east-1.amazonaws.com' }, undefined, 'must not travel in clear'],
    [{ AWS_ENDPOINT_URL_STS: 'sts' }, undefined, 'AWS_ENDPOINT_URL_STS is "sts"'],
    [{ AWS_ENDPOINT_URL_STS: 'https://k:p@h' }, undefined, 'AWS_ENDPOINT_URL_STS has a user'],
    [{ AWS_ENDPOINT_URL: 's3' }, undefined, 'AWS_ENDPOINT_URL is "s3"'],
    [{ AWS_ENDPOINT_URL_S3: 's3', AWS_ENDPOINT_URL: 'x' }, undefined, 'AWS_ENDPOINT_URL_S3 is "s3"'],
    // A bucket may be called "sts".
    [{ AWS_REGION: 's3' }, undefined, 'AWS, which has no region "s3"'],
  ])('takes no token to somebody else, or in clear: %j with %s', async (environment, endpoint, message) => {
    await expect(settings(environment, { role, endpoint })).rejects.toThrow(message);
  });

  test.each([
    [undefined, undefined, 'sts.us-east-1.amazonaws.com', 'sts.amazonaws.com'],
    [undefined, 'cn-north-1', 'sts.cn-north-1.amazonaws.com.cn', 'sts.amazonaws.com'],
    ['https://sts-fips.us-gov-west-1.amazonaws.com', undefined, undefined, 'sts.amazonaws.com'],
    ['https://sts.amazonaws.com', undefined, undefined, 'sts.amazonaws.com'],
    // Anybody may have these.
    ['https://x.execute-api.us-east-1.amazonaws.com', undefined, undefined, undefined],
    ['https://sts.s3.amazonaws.com', undefined, undefined, undefined],
    ['https://sts.s3-eu-west-1.amazonaws.com', undefined, undefined, undefined],
    ['https://sts.example.com', undefined, undefined, undefined],
  ])('at %s in %s gets a token for nobody else', async (sts, region, host, audience) => {
    const asked: string[] = [];
    const sent: string[] = [];
    const token = async (whose: string) => {
      asked.push(whose);
      return 'token of GitHub';
    };
    const refusing: Http = {
      ...http,
      send: async ({ url }) => {
        sent.push(new URL(url).hostname);
        throw new InputError('nobody is there');
      },
    };
    const { credentials } = await s3Settings({
      environment: { HOME: home, AWS_ENDPOINT_URL_STS: sts },
      roleOptions: { ...roleOptions, http: refusing, token },
      region,
      role,
    });
    await expect(credentials()).rejects.toThrow('nobody is there');
    const wanted = host ?? new URL(sts ?? '').hostname;
    expect([sent, asked]).toEqual([[wanted], [audience ?? wanted]]);
  });

  test.each(['', 'backups', 'arn:aws:iam::1:user/x', 'arn:aws:s3:::x'])('%j is none', async (none) => {
    await expect(settings({}, { role: none })).rejects.toThrow('is not the ARN of a role');
  });
});
