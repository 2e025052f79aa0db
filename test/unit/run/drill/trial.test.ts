import { expect, test } from '@jest/globals';
import { OperationError } from '../../../../src/errors.ts';
import { CloudError } from '../../../../src/openstack/errors.ts';
import type { Context } from '../../../../src/run/context.ts';
import { carriedOut } from '../../../../src/run/drill/trial.ts';

const bar = { advance: () => undefined, finish: () => undefined };
const host = {
  progress: { start: () => bar },
  signal: new AbortController().signal,
  secrets: { add: () => undefined },
  log: { debug: () => undefined },
};
const watch = { lap: () => undefined, seconds: {} };

const carried = (error: Error) =>
  carriedOut(
    { host } as unknown as Context,
    { show: () => undefined, planned: undefined, prove: () => Promise.reject(error) },
    1,
    watch,
  );

const refused = (status: number, words: string) =>
  new CloudError({ doing: 'create a volume', status, words });

test.each([
  refused(413, 'VolumeSizeExceedsAvailableQuota: Requested volume exceeds allowed gigabytes quota'),
  refused(403, 'Quota exceeded for instances: Requested 1, but already used 10 of 10 instances'),
  new OperationError(
    'the volume cannot be restored',
    undefined,
    refused(413, 'Maximum number of volumes allowed (10) exceeded'),
  ),
])('a quota that is full by now says nothing about the restore point: %s', async (error) => {
  await expect(carried(error)).rejects.toBe(error);
});

test.each([
  refused(503, 'Service Unavailable'),
  new CloudError({ doing: 'create a volume', words: 'socket hang up' }),
  refused(429, 'Slow down.'),
])('neither does a cloud that does not answer: %s', async (error) => {
  await expect(carried(error)).rejects.toBe(error);
});

test.each([
  refused(404, 'Backup 5f2c could not be found.'),
  refused(403, 'Policy does not allow this request to be performed.'),
  refused(413, 'Request entity too large'),
  new OperationError('what came back is not what was saved'),
])('what keeps it from being restored is what the drill found out: %s', async (error) => {
  expect((await carried(error)).why).toBe(error.message);
});
