import { duration } from '../../clock.ts';
import type { Environment } from '../../environment.ts';
import { OperationError } from '../../errors.ts';
import { allowance } from '../../openstack/blockstorage/v3/allowance.ts';
import { novaGaveUp } from '../../openstack/compute/v2/failure.ts';
import {
  type CreateServer,
  createServer,
  listServers,
  type Server,
  watchServers,
} from '../../openstack/compute/v2/servers.ts';
import type { ServiceClient } from '../../openstack/connection.ts';
import { hasStatus } from '../../openstack/errors.ts';
import { createOnce } from '../../openstack/retry.ts';
import { DeadlineError } from '../../openstack/watcher.ts';
import type { Draft } from '../../temporaries/ledger.ts';
import { readTemporary } from '../../temporaries/tags.ts';
import { quoted } from '../../text/escape.ts';

/**
 * Makes a server and waits until it runs.
 *
 * @param request whose metadata has the record
 * @throws OperationError with the fault that Nova reports
 */
export async function bootServer(
  { session, ledger, clock, log, signal }: Environment,
  request: CreateServer,
  record: Draft,
): Promise<Server> {
  const nova = await session.service('compute');
  await session.freshToken();
  const what = `server ${quoted(request.name)}`;
  const serverId = await createOnce(
    () => createServer(nova, request),
    async () => (await serverWithTag(nova, record.tag))?.id,
    { clock, log, signal },
  );
  await ledger.bind(record, 'server', serverId);
  log.info(`${what} is being made: ${serverId}`);
  const deadline = clock.now() + allowance(0);
  try {
    return await watchServers(nova).until(serverId, judge, { deadline, signal });
  } catch (error) {
    if (error instanceof NotBuilt || hasStatus(error, 404))
      throw await novaGaveUp(nova, `${what} (${serverId}) could not be built`, serverId, 'create');
    if (error instanceof DeadlineError)
      throw new OperationError(
        `${what} (${serverId}) timed out after ${duration(allowance(0))}: it is not running`,
        'Ask the operator whether the compute service works.',
        error,
      );
    throw error;
  }
}

class NotBuilt extends Error {}

function judge(server: Server): { done: Server } | undefined {
  if (server.status === 'ACTIVE') return { done: server };
  if (server.status === 'BUILD') return undefined;
  throw new NotBuilt(`server ${server.id} is ${server.status}`);
}

/** The server whose metadata holds the record with this tag. */
export async function serverWithTag(nova: ServiceClient, tag: string): Promise<Server | undefined> {
  for await (const page of listServers(nova)) {
    const found = page.find(({ id, metadata }) => readTemporary({ id, properties: metadata })?.tag === tag);
    if (found !== undefined) return found;
  }
  return undefined;
}
