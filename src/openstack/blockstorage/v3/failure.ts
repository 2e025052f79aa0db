import { OperationError } from '../../../errors.ts';
import type { ServiceClient } from '../../connection.ts';
import { adviceOf, quotaIn } from '../../over-quota.ts';
import { listMessages } from './messages.ts';

/**
 * The error of a job that the cloud gave up on, with every reason that the cloud gives.
 *
 * @param what "the backup of volume db (5f2c…) failed"
 * @param said the resource's own words, such as a backup's fail_reason
 * @param ids the resources that the messages may be about
 */
export async function cloudGaveUp(
  client: ServiceClient,
  what: string,
  said: string | undefined,
  ids: readonly string[],
  hint?: string,
): Promise<OperationError> {
  const messages = (await Promise.all(ids.map((id) => listMessages(client, id)))).flat();
  const last = messages.at(-1);
  const words = [said, ...new Set(messages.map(({ userMessage }) => userMessage))].filter(
    (text) => text !== undefined,
  );
  const request = last?.requestId === undefined ? '' : ` (request ${last.requestId})`;
  return new OperationError(
    `${what}: ${words.length === 0 ? 'the cloud gives no reason' : words.join('; ')}${request}`,
    hint ?? hintFor(words.join(' ')),
  );
}

function hintFor(words: string): string {
  if (/Service not found|service is (down|not available)/i.test(words))
    return 'The cloud has no working backup service: ask the operator.';
  if (/quota/i.test(words)) return adviceOf(quotaIn(words) ?? 'unknown');
  return 'Try again. If it fails again, give the operator the request id and the ids above.';
}
