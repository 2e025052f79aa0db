import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { InputError, messageOf } from '../../../src/errors.ts';
import { loadCloud } from '../../../src/openstack/config/load.ts';
import { parseCloud } from '../../../src/openstack/config/parse.ts';

const PASSWORD = 'correct-horse-battery';
const auth = { auth_url: 'https://c.example:5000', username: 'u', password: PASSWORD, project_name: 'p' };
const YAML = `clouds:
  one:
    auth: {auth_url: https://one.example/v3, username: u, password: ${PASSWORD}, project_name: p, user_domain_name: D, project_domain_name: D}
    region_name: R1
  two:
    auth_type: v3applicationcredential
    auth: {auth_url: https://two.example, application_credential_id: abc, application_credential_secret: s}
    interface: internal
    verify: false
`;

let home = '';
let work = '';
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'config-'));
  work = join(home, 'work');
  await mkdir(work);
  await mkdir(join(home, '.config/openstack'), { recursive: true });
});
afterAll(() => rm(home, { recursive: true }));

const load = (choice = {}, environment = {}) => loadCloud(choice, { HOME: home, ...environment }, work);

describe('where credentials come from', () => {
  test('nothing at all is an error that says where to put them', async () => {
    await expect(load()).rejects.toThrow('there are no credentials for a cloud');
  });

  test('the text of an input', async () => {
    expect(await load({ cloudsYaml: YAML, cloud: 'one' })).toMatchObject({
      name: 'one',
      region: 'R1',
      services: { compute: { region: 'R1', interfaces: ['public'], endpoint: undefined } },
      verify: true,
      auth: {
        type: 'password',
        authUrl: 'https://one.example/v3',
        user: { name: 'u', domain: { name: 'D' } },
        project: { name: 'p', domain: { name: 'D' } },
      },
    });
  });

  test('an application credential has no scope', async () => {
    const cloud = await load({ cloudsYaml: YAML, cloud: 'two' });
    expect(cloud).toMatchObject({ services: { image: { interfaces: ['internal'] } }, verify: false });
    expect(cloud.auth).toEqual({
      type: 'application_credential',
      authUrl: 'https://two.example/v3',
      id: 'abc',
      secret: 's',
    });
  });

  test('several clouds and no choice', async () => {
    await expect(load({ cloudsYaml: YAML })).rejects.toThrow('has 2 clouds and none is chosen');
  });

  test('an unknown name lists those that are there', async () => {
    await expect(load({ cloudsYaml: YAML, cloud: 'three' })).rejects.toMatchObject({
      hint: 'It has: one, two.',
    });
  });

  test.each(['__proto__', 'constructor'])('the name %s is just unknown', async (cloud) => {
    await expect(load({ cloudsYaml: YAML, cloud })).rejects.toThrow(`has no cloud "${cloud}"`);
  });

  test("the user's file, then one in the working directory, then the one named by the environment", async () => {
    const entry = (url: string) =>
      `clouds: {c: {auth: {auth_url: ${url}, username: u, password: x, project_name: p}}}`;
    await writeFile(join(home, '.config/openstack/clouds.yaml'), entry('https://user.example'));
    expect((await load()).auth.authUrl).toBe('https://user.example/v3');
    await writeFile(join(work, 'clouds.yml'), entry('https://work.example'));
    expect((await load()).auth.authUrl).toBe('https://work.example/v3');
    const named = join(home, 'named.yaml');
    await writeFile(named, entry('https://named.example'));
    expect((await load({}, { OS_CLIENT_CONFIG_FILE: named })).auth.authUrl).toBe('https://named.example/v3');
  });

  test('secure.yaml is merged over', async () => {
    await writeFile(join(work, 'secure.yaml'), 'clouds: {c: {auth: {password: from-secure}}}');
    expect((await load()).auth).toMatchObject({
      authUrl: 'https://work.example/v3',
      password: 'from-secure',
    });
  });

  test('OS_* beat the only entry of a file, and are not mixed into a named one', async () => {
    const environment = {
      OS_AUTH_URL: 'https://env.example/v3',
      OS_USERNAME: 'e',
      OS_PASSWORD: 'x',
      OS_PROJECT_ID: 'pid',
      OS_USER_DOMAIN_ID: 'd',
    };
    expect((await load({}, environment)).auth).toMatchObject({
      authUrl: 'https://env.example/v3',
      project: { id: 'pid' },
      user: { domain: { id: 'd' } },
    });
    expect((await load({ cloud: 'c' }, environment)).auth.authUrl).toBe('https://work.example/v3');
    expect((await load({}, { ...environment, OS_CLOUD: 'c' })).auth.authUrl).toBe('https://work.example/v3');
  });

  test('OS_REGION_NAME and the input choose the region', async () => {
    expect((await load({}, { OS_REGION_NAME: 'R2' })).region).toBe('R2');
    expect((await load({ region: 'R3' }, { OS_REGION_NAME: 'R2' })).region).toBe('R3');
  });
});

describe('malformed files', () => {
  test.each([
    ['no YAML', `clouds:\n  c: {auth: {password: ${PASSWORD}`],
    ['a tab', `clouds:\n\tc:\n\t\tpassword: ${PASSWORD}`],
    ['no clouds', `password: ${PASSWORD}`],
    ['a list', '- a\n- b'],
    ['a cloud that is text', `clouds: {c: ${PASSWORD}}`],
    ['empty', ''],
  ])('%s: one clear message without the contents', async (_what, cloudsYaml) => {
    const error = await load({ cloudsYaml }).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(InputError);
    expect(`${(error as InputError).message} ${(error as InputError).hint}`).toContain('clouds-yaml');
    expect(`${(error as InputError).message} ${(error as InputError).hint}`).not.toContain(PASSWORD);
  });
});

describe('settings', () => {
  test.each([
    ['auth_url', { ...auth, auth_url: undefined }],
    ['password', { ...auth, password: undefined }],
    ['username', { ...auth, username: undefined }],
    ['project_name', { ...auth, project_name: undefined }],
  ])('%s missing is named', (key, incomplete) => {
    expect(() => parseCloud('c', { auth: incomplete })).toThrow(`cloud "c": ${key} is missing`);
  });

  test.each([
    ['https://c.example:5000', 'https://c.example:5000/v3'],
    ['https://c.example:5000/', 'https://c.example:5000/v3'],
    ['https://c.example/identity/v3/', 'https://c.example/identity/v3'],
    ['https://c.example/v2.0', 'https://c.example/v3'],
    ['https://{region_name}.example', 'https://r1.example/v3'],
  ])('auth_url %s means %s', (given, meant) => {
    expect(parseCloud('c', { auth: { ...auth, auth_url: given }, region_name: 'r1' }).auth.authUrl).toBe(
      meant,
    );
  });

  test.each(['not a url', 'ftp://c.example', 'https://u:p@c.example'])('auth_url %s is refused', (given) => {
    expect(() => parseCloud('c', { auth: { ...auth, auth_url: given } })).toThrow(InputError);
  });

  test('scope keys outside auth win, other keys inside', () => {
    const cloud = parseCloud('c', { auth, project_name: 'outside', password: 'outside', domain_name: 'D' });
    expect(cloud.auth).toMatchObject({
      project: { name: 'outside', domain: { name: 'D' } },
      password: PASSWORD,
    });
  });

  test('tenant is the old word for project', () => {
    expect(
      parseCloud('c', { auth: { ...auth, project_name: undefined, tenant_name: 't' } }).auth,
    ).toMatchObject({ project: { name: 't' } });
  });

  test('an unknown auth_type is refused by name', () => {
    expect(() => parseCloud('c', { auth, auth_type: 'v3totp' })).toThrow(
      'auth_type "v3totp" is not supported',
    );
  });

  test('an unknown interface is refused', () => {
    expect(() => parseCloud('c', { auth, interface: 'pubic' })).toThrow('interface is "pubic"');
    expect(parseCloud('c', { auth, endpoint_type: 'internalURL' }).services.image.interfaces).toEqual([
      'internal',
    ]);
  });

  test('endpoint overrides are kept by service', () => {
    expect(
      parseCloud('c', { auth, volume_endpoint_override: 'https://v.example' }).services['block-storage'],
    ).toMatchObject({ endpoint: 'https://v.example' });
  });

  test('a token', () => {
    expect(
      parseCloud('c', {
        auth_type: 'v3token',
        auth: { auth_url: 'https://c.example', token: 't', project_id: 'p' },
      }).auth,
    ).toMatchObject({ type: 'token', token: 't', project: { id: 'p' } });
  });
});

describe('certificates', () => {
  const yaml = (...lines: string[]) =>
    `clouds:\n  c:\n    auth: {auth_url: "https://c", username: u, password: ${PASSWORD}, project_name: p}\n${lines.map((line) => `    ${line}\n`).join('')}`;
  const given = (...lines: string[]) => load({ cloudsYaml: yaml(...lines) });

  test.each([
    ['verify: on', true],
    ['verify: Yes', true],
    ['verify: "true"', true],
    ['verify: 1', true],
    ['verify: off', false],
    ['verify: NO', false],
    ['verify: false', false],
    ['insecure: on', false],
    ['insecure: off', true],
    ['verify:', true],
    ['region_name: r', true],
  ])('%s: checked %j', async (line, verify) => {
    expect((await given(line)).verify).toBe(verify);
  });

  test.each(['verify: maybe', 'verify: fasle', 'verify: constructor', 'verify: 2'])(
    '%s is an error, and never off',
    async (line) => {
      await expect(given(line)).rejects.toThrow(
        'cannot read the certificate authorities that `cacert` or `verify` names',
      );
    },
  );
  test('a word that `insecure` does not know is an error', async () => {
    await expect(given('insecure: maybe')).rejects.toThrow('`insecure` is neither true nor false');
    await expect(given('verify: on', 'insecure: on')).rejects.toThrow('contradict each other');
  });

  test('a path in `verify` is a file of authorities, and `cacert` beats it', async () => {
    await writeFile(join(work, 'ca.pem'), 'authorities');
    await writeFile(join(work, 'other.pem'), 'others');
    const [ca, other] = [join(work, 'ca.pem'), join(work, 'other.pem')];
    expect(await given(`verify: ${ca}`)).toMatchObject({
      verify: true,
      verifyIsAsked: true,
      cacert: 'authorities',
    });
    expect(await given(`verify: ${ca}`, `cacert: ${other}`)).toMatchObject({
      verify: true,
      cacert: 'others',
    });
    expect(await given(`cacert: ${other}`)).toMatchObject({ verify: true, verifyIsAsked: false });
  });

  test.each(['key', 'cert'])('a `%s` that is no file is not shown, whatever it is', async (field) => {
    const secret = 'MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj';
    const error: unknown = await given(`${field}: "${secret}"`).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(InputError);
    expect(messageOf(error)).toBe(`cannot read the file that \`${field}\` names: ENOENT`);
    expect(inspect(error)).not.toContain(secret);
  });
});
