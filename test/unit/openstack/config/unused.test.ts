import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { loadCloud } from '../../../../src/openstack/config/load.ts';

const entry = `clouds: {c: {auth: {auth_url: 'https://c.example/v3', username: u, password: x, project_name: p}}}`;
let directory = '';
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'unused-'));
  await writeFile(join(directory, 'clouds.yaml'), entry);
});
afterAll(() => rm(directory, { recursive: true }));
const warnings = async (environment: Record<string, string>) =>
  (await loadCloud({ cloud: 'c' }, { HOME: directory, ...environment }, directory)).warnings;

test('variables beside a named cloud that would change it are warned of, and no value is shown', async () => {
  expect(await warnings({ OS_PROJECT_NAME: 'other', OS_PASSWORD: 'a secret' })).toEqual([
    `cloud "c" comes from ${join(directory, 'clouds.yaml')}: OS_PASSWORD, OS_PROJECT_NAME of the environment are not used`,
  ]);
});

test('those that say the same, or nothing, are not', async () => {
  expect(
    await warnings({
      OS_PROJECT_NAME: 'p',
      OS_TENANT_NAME: 'p',
      OS_USERNAME: '',
      OS_IDENTITY_API_VERSION: '3',
    }),
  ).toEqual([]);
});

test('the authorities of REQUESTS_CA_BUNDLE are those of the cloud that names none', async () => {
  const bundle = join(directory, 'bundle.pem');
  await writeFile(bundle, 'authorities');
  const load = (environment: Record<string, string>) =>
    loadCloud({ cloud: 'c' }, { HOME: directory, ...environment }, directory);
  expect((await load({ REQUESTS_CA_BUNDLE: bundle })).cacert).toBe('authorities');
  await expect(load({ CURL_CA_BUNDLE: '/nonexistent' })).rejects.toThrow(
    'REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE',
  );
});
