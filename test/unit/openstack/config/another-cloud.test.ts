import { expect, test } from '@jest/globals';
import { ofAnotherCloud } from '../../../../src/openstack/config/choose.ts';

const OWN = {
  PATH: '/bin',
  HTTPS_PROXY: 'p',
  OS_CLIENT_CONFIG_FILE: 'c.yaml',
  OS_CLIENT_SECURE_FILE: 's.yaml',
};
const FIRST = {
  OS_AUTH_URL: 'https://a',
  OS_PASSWORD: 'x',
  OS_REGION_NAME: 'r',
  OS_CLOUD: 'a',
  OS_PROJECT_ID: 'p',
};

test('a second cloud sees no variable that is about the first one, but where the files are', () => {
  expect(ofAnotherCloud({ ...OWN, ...FIRST }, 'b')).toEqual(OWN);
});

test('the cloud of the variables is theirs, by whatever name', () => {
  const all = { ...OWN, ...FIRST };
  expect(ofAnotherCloud(all, 'envvars')).toEqual(all);
  expect(ofAnotherCloud({ ...all, OS_CLOUD_NAME: 'b' }, 'b')).toMatchObject(FIRST);
  expect(ofAnotherCloud({ ...all, OS_CLOUD_NAME: 'b' }, 'envvars')).toEqual(OWN);
});
