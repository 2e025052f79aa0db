import { expect, test } from '@jest/globals';
import { userCache } from '../../../src/host/terminal/cache.ts';

test.each([
  ['linux', { XDG_CACHE_HOME: '/x', HOME: '/home/me' }, '/x/openstack-backup'],
  ['linux', { HOME: '/home/me' }, '/home/me/.cache/openstack-backup'],
  ['linux', { XDG_CACHE_HOME: 'relative', HOME: '/home/me' }, '/home/me/.cache/openstack-backup'],
  ['linux', { XDG_CACHE_HOME: '', HOME: '' }, undefined],
  ['linux', {}, undefined],
  ['darwin', { HOME: '/Users/me' }, '/Users/me/Library/Caches/openstack-backup'],
  ['linux', { HOME: '/home/me', OPENSTACK_BACKUP_NO_CACHE: '1' }, undefined],
  ['linux', { HOME: '/home/me', OPENSTACK_BACKUP_NO_CACHE: '' }, '/home/me/.cache/openstack-backup'],
] as const)('on %s, with %j', (platform, environment, path) =>
  expect(userCache(environment, platform).path).toBe(path),
);
