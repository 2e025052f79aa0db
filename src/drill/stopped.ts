import { messageOf, OperationError, type PlainError } from '../errors.ts';
import { CloudError, isOverQuota, isUnanswered } from '../openstack/errors.ts';
import type { Finding } from './finding.ts';
import { WayFailed } from './way.ts';

/** The cloud did not answer another program. */
export class Unanswered extends OperationError {}

/** Whether an error says nothing about a restore point: a quota that is full by now, or a cloud that does not answer. */
export function saysNothing(error: PlainError): boolean {
  return isOverQuota(error) || isUnanswered(error) || error instanceof Unanswered;
}

/** What a drill found out that stopped with an error, which says something. */
export function stoppedBy(error: PlainError): Finding {
  const none = { reached: null, seen: [], size: 0, keyProved: false };
  const isOfWay = error instanceof WayFailed || error instanceof CloudError;
  return { ...none, why: messageOf(error), ...(isOfWay && { isOfWay }) };
}
