import { messageOf, PlainError } from '../../errors.ts';
import { CloudError } from '../../openstack/errors.ts';
import { openHttp } from '../../openstack/http.ts';
import { proxySecrets } from '../../openstack/proxies.ts';
import { ProxyUnreachable } from '../../openstack/proxy-errors.ts';
import { retry, retryAfter } from '../../openstack/retry.ts';
import type { Host } from '../../ports/host.ts';
import { forLog } from '../../text/escape.ts';
import type { Context } from '../context.ts';
import { type Beat, beatUrl, heartbeatSecrets, parseHeartbeat } from './heartbeat-url.ts';
import { runPage } from './run-page.ts';

/** A backup does not wait long for a monitoring service. */
const DEADLINE_MS = 10_000;
/** A runner kills the process 10 s after telling it to stop, and cleaning up takes 5 of them. */
const STOPPED_DEADLINE_MS = 4_000;
const LONGEST_BODY = 1000;

interface Result {
  readonly failed: boolean;
  readonly failure?: string;
}

/**
 * Pings a monitoring service when the work starts, succeeds or fails, and as soon as the run is stopped. A failed ping
 * is only a warning. A dry run sends none.
 *
 * @throws InputError if the URL is invalid; else what the work throws
 */
export async function withHeartbeat<T extends Result>(
  { host, dryRun }: Pick<Context, 'host' | 'dryRun'>,
  given: string | undefined,
  work: () => Promise<T>,
): Promise<T> {
  if (given === undefined) return work();
  host.secrets.add(given.trim());
  const url = parseHeartbeat(given);
  if (dryRun) return work();
  for (const secret of [...heartbeatSecrets(url), ...proxySecrets(host.environment)])
    host.secrets.add(secret);
  const { send, close } = teller(host, url);
  const started = send('start', '', AbortSignal.any([AbortSignal.timeout(DEADLINE_MS), host.signal]));
  let failure: Promise<void> | undefined;
  const fail = (why: string, ms: number) => {
    failure ??= started.then(() => send('fail', bodyOf(why, host), AbortSignal.timeout(ms)));
    return failure;
  };
  const stopped = () => void fail(messageOf(host.signal.reason), STOPPED_DEADLINE_MS);
  host.signal.addEventListener('abort', stopped, { once: true });
  if (host.signal.aborted) stopped();
  try {
    const result = await work();
    await started;
    if (result.failed) await fail(result.failure || 'part of the run failed', DEADLINE_MS);
    else if (failure === undefined) await send('success', '', AbortSignal.timeout(DEADLINE_MS));
    return result;
  } catch (error) {
    await fail(messageOf(error), DEADLINE_MS);
    throw error;
  } finally {
    host.signal.removeEventListener('abort', stopped);
    await failure;
    await close();
  }
}

function teller(host: Host, url: URL) {
  // Verifies against this machine's authorities: `cacert` is for the cloud, and would replace them.
  const http = openHttp({ verify: true }, host.environment);
  const once = async (beat: Beat, body: string, signal: AbortSignal): Promise<void> => {
    const doing = `send the heartbeat (${beat})`;
    const answer = await http
      .send({
        method: body === '' ? 'GET' : 'POST',
        url: beatUrl(url, beat),
        headers: {
          'user-agent': 'openstack-backup',
          ...(body === '' ? {} : { 'content-type': 'text/plain' }),
        },
        ...(body === '' ? {} : { body }),
        signal,
      })
      .catch((error: unknown) => {
        if (error instanceof PlainError || signal.aborted) throw error;
        throw new CloudError({ doing, words: reasonOf(error) });
      });
    answer.body.on('error', () => undefined).destroy();
    if (answer.status >= 200 && answer.status < 300) return;
    const retryAfterMs = retryAfter(answer.headers['retry-after'], host.clock.now());
    throw new CloudError({ doing, status: answer.status, words: wordsFor(answer.status), retryAfterMs });
  };
  return {
    /** Never rejects. */
    async send(beat: Beat, body: string, signal: AbortSignal): Promise<void> {
      // A repeated ping does no harm: only the last one counts.
      const options = { clock: host.clock, log: host.log, signal, attempts: 3 };
      await retry(true, () => once(beat, body, signal), options).catch((error: unknown) => {
        if (host.signal.aborted && beat === 'start') return;
        const why = signal.aborted ? `cannot send the heartbeat (${beat}): timed out` : messageOf(error);
        host.log.warn(
          `${why}. The backups do not depend on it, but whoever waits for the heartbeat may raise an alarm`,
        );
      });
    },
    close: () => http.close(),
  };
}

/** Leaves out the host of the URL. */
function reasonOf(error: unknown): string {
  if (error instanceof ProxyUnreachable) return messageOf(error);
  for (let one = error; one instanceof Error; one = one.cause)
    if ('code' in one && typeof one.code === 'string') return one.code;
  return 'the connection failed';
}

function wordsFor(status: number): string {
  if (status >= 300 && status < 400) return 'redirects are not followed: give the URL that it leads to';
  return status === 404 || status === 410 ? 'check the URL in `heartbeat`' : 'the service did not accept it';
}

/** What the service shows to whoever is on call: why it failed, and where to look. */
function bodyOf(why: string, host: Host): string {
  const page = host.github === undefined ? '' : `\n${runPage(host, host.github.here)}`;
  const line = forLog(host.secrets.redact(host.words(why)));
  return `${line.length > LONGEST_BODY ? `${line.slice(0, LONGEST_BODY)}…` : line}${page}\n`;
}
