import { type Clock, duration } from '../../clock.ts';
import { OperationError } from '../../errors.ts';
import { allowance } from '../../openstack/blockstorage/v3/allowance.ts';
import { novaGaveUp } from '../../openstack/compute/v2/failure.ts';
import {
  type CreateServer,
  createServer,
  listServers,
  type Server,
} from '../../openstack/compute/v2/servers.ts';
import type { ServiceClient } from '../../openstack/connection.ts';
import { hasStatus } from '../../openstack/errors.ts';
import { createOnce } from '../../openstack/retry.ts';
import { DeadlineError, type Watcher } from '../../openstack/watcher.ts';
import type { Log } from '../../ports/log.ts';
import type { Draft, Ledger } from '../../temporaries/ledger.ts';
import { readTemporary } from '../../temporaries/tags.ts';
import { quoted } from '../../text/escape.ts';

export interface BootTools {
  readonly run: Ledger;
  readonly nova: ServiceClient;
  readonly servers: Watcher<Server>;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/**
 * Makes a server and waits until it runs.
 *
 * @param request whose metadata has the record
 * @throws OperationError with the fault that Nova tells
 */
export async function bootServer(
  request: CreateServer,
  record: Draft,
  { nova, servers, run, clock, log, signal }: BootTools,
): Promise<Server> {
  await nova.session.freshToken();
  const what = `server ${quoted(request.name)}`;
  const serverId = await createOnce(
    () => createServer(nova, request),
    async () => (await serverWithTag(nova, record.tag))?.id,
    { clock, log, signal },
  );
  await run.bind(record, 'server', serverId);
  log.info(`${what} is being made: ${serverId}`);
  const deadline = clock.now() + allowance(0);
  try {
    return await servers.until(serverId, judge, { deadline, signal });
  } catch (error) {
    if (error instanceof NotBuilt || hasStatus(error, 404))
      throw await novaGaveUp(nova, `${what} (${serverId}) could not be built`, serverId, 'create');
    if (error instanceof DeadlineError)
      throw new OperationError(
        `${what} (${serverId}) does not run after ${duration(allowance(0))}`,
        'Ask the operator whether the compute service is well.',
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

/** The server whose metadata has the record with this tag. */
export async function serverWithTag(nova: ServiceClient, tag: string): Promise<Server | undefined> {
  for await (const page of listServers(nova)) {
    const found = page.find(({ id, metadata }) => readTemporary({ id, properties: metadata })?.tag === tag);
    if (found !== undefined) return found;
  }
  return undefined;
}
