import { describe, expect, test } from '@jest/globals';
import type { InputError } from '../../../../src/errors.ts';
import { parseClouds } from '../../../../src/openstack/config/files.ts';

const YAML = `clouds:
  c:
    auth:
      auth_url: https://c.example/v3
      password: hunter2-hunter2
`;
const failed = async (text: string): Promise<InputError> =>
  parseClouds(text, 'the input clouds-yaml').then(
    () => Promise.reject(new Error('parsed')),
    (error: InputError) => error,
  );

describe('what is no clouds.yaml is told as what it looks like', () => {
  test.each([
    ['base64', Buffer.from(YAML).toString('base64'), 'is base64', 'base64 -d'],
    ['base64 in lines', Buffer.from(YAML).toString('base64').replace(/.{40}/g, '$&\n'), 'is base64', ''],
    [
      'an openrc',
      'export OS_AUTH_URL=https://c.example\nexport OS_PASSWORD="hunter2-hunter2"\n',
      'is an openrc',
      'OS_*',
    ],
    ['an openrc with a comment', '#!/usr/bin/env bash\n# a: b\nOS_USERNAME=u\n', 'is an openrc', ''],
    ['a path', '~/.config/openstack/clouds.yaml', 'is the path of a file', 'OS_CLIENT_CONFIG_FILE'],
    ['a name of a file', 'clouds.yml\n', 'is the path of a file', ''],
    [
      'one cloud',
      'auth:\n  auth_url: https://c.example\n  password: hunter2-hunter2\n',
      'has no map `clouds:`',
      'put `clouds:` and a name above them',
    ],
    [
      'the settings of one',
      'auth_url: https://c.example\nusername: u\n',
      'has no map `clouds:`',
      'indent them',
    ],
    ['a word', 'hunter2-hunter2', 'has no map `clouds:`', 'It starts with `clouds:`'],
    ['other base64', Buffer.from('a key').toString('base64'), 'has no map `clouds:`', ''],
  ])('%s', async (_what, text, message, hint) => {
    const error = await failed(text);
    expect(error.message).toBe(
      `the input clouds-yaml ${error.message.slice('the input clouds-yaml '.length)}`,
    );
    expect(error.message).toContain(message);
    expect(error.hint).toContain(hint);
    expect(`${error.message} ${error.hint}`).not.toContain('hunter2');
    expect(error.exitCode).toBe(2);
  });

  test('a clouds.yaml is none of these', async () => {
    expect(Object.keys(await parseClouds(YAML, 'x'))).toEqual(['c']);
    expect(Object.keys(await parseClouds(`# export OS_CLOUD=c\n${YAML}`, 'x'))).toEqual(['c']);
  });
});
