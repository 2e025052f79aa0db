import { describe, expect, test } from '@jest/globals';
import { Unanswered } from '../../../../src/drill/stopped.ts';
import { WayFailed } from '../../../../src/drill/way.ts';
import { InputError, OperationError } from '../../../../src/errors.ts';
import type { FilePayload } from '../../../../src/manifest/schema.ts';
import { CloudError } from '../../../../src/openstack/errors.ts';
import { blamed } from '../../../../src/run/drill/by-hand/blame.ts';
import type { Drilling } from '../../../../src/run/drill/level.ts';

const payload = { name: 'secrets/x' } as FilePayload;
/** Whose bytes end with an error, or well. */
const store = (error?: Error) => ({
  async open() {
    return (async function* () {
      yield Buffer.of(1);
      if (error !== undefined) throw error;
    })();
  },
});
const drilling = (error?: Error) =>
  ({
    store: store(error),
    context: { host: { signal: new AbortController().signal } },
  }) as unknown as Drilling;
const stopped = (said: string) => new OperationError(`the commands of RESTORE.md stopped (exit 1): ${said}`);

describe('commands that stop', () => {
  test.each([
    ['a check of theirs', undefined],
    ['a check of theirs, and data that is not there', new InputError('it is not there')],
    ['a check of theirs, and a store that does not answer', new CloudError({ doing: 'read', words: 'no' })],
  ])('%s: the way failed', async (said, error) => {
    expect(await blamed(drilling(error), [payload], stopped(said))).toBeInstanceOf(WayFailed);
  });

  test('data that the program finds damaged, too, is to blame', async () => {
    const error = await blamed(
      drilling(new OperationError('block 7 is damaged')),
      [payload],
      stopped('STOP: 1'),
    );
    expect(error).not.toBeInstanceOf(WayFailed);
    expect(error.message).toBe(
      `${stopped('STOP: 1').message}. The data itself is damaged: block 7 is damaged`,
    );
  });

  test.each([
    'HttpException: 503: Server Error for url: https://cloud/image/v2/images, No server is available',
    'curl: (22) The requested URL returned error: 502',
    'Service Unavailable (HTTP 503)',
    "Unable to establish connection to https://cloud/v3: ('Connection aborted.', RemoteDisconnected())",
  ])('a cloud that does not answer is to blame for nothing: %s', async (said) => {
    expect(await blamed(drilling(), [payload], stopped(said))).toBeInstanceOf(Unanswered);
  });

  test.each([
    'HttpException: 404: Client Error for url: https://cloud/image/v2/images/503',
    'curl: (22) The requested URL returned error: 403',
    'STOP: 500 instead of 503',
  ])('one that refuses is what the drill found out: %s', async (said) => {
    expect(await blamed(drilling(), [payload], stopped(said))).toBeInstanceOf(WayFailed);
  });
});

test('what says nothing stays as it is, and nothing is read for it', async () => {
  const error = new OperationError(
    'x',
    undefined,
    new CloudError({ doing: 'create it', words: 'down', status: 503 }),
  );
  const never = drilling(new TypeError('it was read'));
  expect(await blamed(never, [payload], error)).toBe(error);
});
