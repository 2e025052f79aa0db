import { OperationError } from '../../../errors.ts';
import type { ServiceClient } from '../../connection.ts';
import { getActionEvents, listActions } from './instance-actions.ts';
import { getServer } from './servers.ts';

/**
 * The error of an action that Nova gave up on, with all that Nova tells a user: the server's fault and the action's
 * events.
 *
 * @param what "the image of server web (5f2c…) failed"
 * @param action as Nova calls it: "createImage", "create"
 */
export async function novaGaveUp(
  client: ServiceClient,
  what: string,
  serverId: string,
  action: string,
  hint?: string,
): Promise<OperationError> {
  const told = await reasons(client, serverId, action).catch(() => ({ words: [], request: undefined }));
  const request = told.request === undefined ? '' : ` (request ${told.request})`;
  return new OperationError(
    `${what}: ${told.words.length === 0 ? 'the cloud gives no reason' : told.words.join('; ')}${request}`,
    hint ?? 'Try again. If it fails again, give the operator the request id and the ids above.',
  );
}

async function reasons(client: ServiceClient, serverId: string, action: string) {
  const fault = await getServer(client, serverId)
    .then((server) => server.fault)
    .catch(() => undefined);
  const last = (await listActions(client, serverId)).find((candidate) => candidate.action === action);
  const events = last === undefined ? [] : await getActionEvents(client, serverId, last.requestId);
  const failed = events
    .filter(({ result }) => result === 'Error')
    .map(({ event, details }) => (details === undefined ? `${event} failed` : `${event}: ${details}`));
  const words = [fault, last?.message, ...failed].filter((word) => word !== undefined && word !== 'Error');
  return { words: [...new Set(words)], request: last?.requestId };
}
