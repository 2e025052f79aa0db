import { expect, test } from '@jest/globals';
import { hasToBeWrapped } from '../../../../src/restore/image/wrap.ts';
import { openEmbedded } from '../../../support/embedded.ts';

/** LUKS version 2, and nothing more. */
const LUKS2 = Buffer.concat([Buffer.from('4c554b53babe0002', 'hex'), Buffer.alloc(4088)]);

function plan(wrap: 'auto' | 'never', doubt: string | undefined = 'it is LUKS version 2') {
  return {
    doubt,
    wrap,
    head: LUKS2,
    diskFormat: 'raw',
    containerFormat: 'bare',
    payload: { size: 1 << 20 },
    saved: { id: '5f2c' },
  };
}

test.each(['auto', 'never'] as const)('where Glance takes the data, wrap %s leaves it raw', async (wrap) => {
  await using cloud = await openEmbedded({ uninspectedImages: true });
  const before = [...cloud.cloud.state.images.keys()];
  expect(await hasToBeWrapped(cloud.environment, plan(wrap))).toBe(false);
  expect([...cloud.cloud.state.images.keys()]).toEqual(before);
});

test('where it refuses it, it is wrapped, or the restore fails when it must not be', async () => {
  await using cloud = await openEmbedded();
  const before = [...cloud.cloud.state.images.keys()];
  expect(await hasToBeWrapped(cloud.environment, plan('auto'))).toBe(true);
  await expect(hasToBeWrapped(cloud.environment, plan('never'))).rejects.toThrow(
    "this cloud's Glance refuses the data of image 5f2c as it is: it is LUKS version 2",
  );
  expect([...cloud.cloud.state.images.keys()]).toEqual(before);
});

test('it is not asked where there is no doubt', async () => {
  await using cloud = await openEmbedded();
  const before = cloud.cloud.requests.length;
  expect(await hasToBeWrapped(cloud.environment, { ...plan('never'), doubt: undefined })).toBe(false);
  expect(cloud.cloud.requests.length).toBe(before);
});
