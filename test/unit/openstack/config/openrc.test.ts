import { tmpdir } from 'node:os';
import { expect, test } from '@jest/globals';
import { loadCloud } from '../../../../src/openstack/config/load.ts';
import { openrcOf } from '../../../../src/openstack/config/openrc.ts';

const AUTH_URL = 'https://c.example/v3';
const cloud = (auth: object, more: object = {}) =>
  loadCloud({ cloudsYaml: JSON.stringify({ clouds: { one: { auth, ...more } } }) }, {}, tmpdir());

test.each([
  [
    'a password',
    {
      auth_url: AUTH_URL,
      username: 'ann',
      password: "p'w $x",
      project_name: 'shop',
      user_domain_name: 'people',
    },
    { region_name: 'R2', interface: 'internal' },
  ],
  [
    'ids',
    { auth_url: AUTH_URL, user_id: 'u1', password: 'p', project_id: 'p1' },
    { verify: false, image_endpoint_override: 'https://i.example/v2' },
  ],
  [
    'an application credential',
    { auth_url: AUTH_URL, application_credential_id: 'a1', application_credential_secret: 's' },
    { auth_type: 'v3applicationcredential' },
  ],
  ['a token', { auth_url: AUTH_URL, token: 't', project_id: 'p1' }, { auth_type: 'v3token' }],
])('%s as variables logs in as the file does', async (_what, auth, more) => {
  const { name: _name, verifyIsAsked: _asked, ...own } = await cloud(auth, more);
  const variables = openrcOf({ ...own, name: 'one', verifyIsAsked: false });
  expect(await loadCloud({}, variables, tmpdir())).toMatchObject(own);
});
