import { duration } from '../../clock.ts';
import { messageOf } from '../../errors.ts';
import { consoleOutput } from '../../openstack/compute/v2/console.ts';
import { getServer, type Server } from '../../openstack/compute/v2/servers.ts';
import type { Session } from '../../openstack/connection.ts';
import { hasStatus } from '../../openstack/errors.ts';
import { DeadlineError, Watcher } from '../../openstack/watcher.ts';
import { lastLines, plainConsole, verdictOf } from './console.ts';
import type { Expected } from './expect.ts';

/** What a console showed in the end. */
export type Booted =
  | { readonly kind: 'seen'; readonly afterMs: number }
  /** Neither proved nor refuted. */
  | { readonly kind: 'silent'; readonly why?: string }
  | { readonly kind: 'failed'; readonly why: string; readonly tail: readonly string[] };

/** Lines of a console that are told. */
const TOLD = 10;

interface Look {
  readonly id: string;
  readonly server: Server;
  readonly plain: string;
}

/**
 * Reads a server's console until the text is there, the firmware gives up, the server stops, or the time is over.
 *
 * @param withinMs how long it may take
 * @throws CloudError if the cloud does not answer
 */
export async function watchConsole(
  session: Session,
  serverId: string,
  expected: Expected,
  withinMs: number,
): Promise<Booted> {
  const nova = await session.service('compute');
  const { clock, log, signal } = session;
  const since = clock.now();
  let last = '';
  const get = async (id: string): Promise<Look> => {
    // First the server: what it wrote before it stopped is on the console then.
    const server = await getServer(nova, id);
    last = plainConsole((await consoleOutput(nova, id)) ?? '');
    return { id, server, plain: last };
  };
  const looks = new Watcher<Look>(
    {
      async *list() {
        yield [await get(serverId)];
      },
      get,
    },
    clock,
    log,
  );
  const judge = ({ server, plain }: Look): { done: Booted } | undefined => {
    const verdict = verdictOf(plain, expected);
    if (verdict.kind === 'seen') return { done: { kind: 'seen', afterMs: clock.now() - since } };
    if (verdict.kind === 'unbootable')
      return {
        done: { kind: 'failed', why: `its firmware says: ${verdict.line}`, tail: lastLines(plain, TOLD) },
      };
    if (server.status === 'ACTIVE') return undefined;
    const why = `the server is ${server.status}, and ${expected.words} was not on its console`;
    return { done: { kind: 'failed', why, tail: lastLines(plain, TOLD) } };
  };
  try {
    return await looks.until(serverId, judge, { deadline: since + withinMs, signal });
  } catch (error) {
    // That says nothing of the restore point.
    if (hasStatus(error, 401, 403)) return { kind: 'silent', why: messageOf(error) };
    if (!(error instanceof DeadlineError)) throw error;
    const verdict = verdictOf(last, expected);
    if (verdict.kind === 'waiting' && verdict.silent) return { kind: 'silent' };
    return {
      kind: 'failed',
      why: `${expected.words} was not on its console within ${duration(withinMs)}`,
      tail: lastLines(last, TOLD),
    };
  }
}
