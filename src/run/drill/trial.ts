import type { Finding } from '../../drill/finding.ts';
import { saysNothing, stoppedBy } from '../../drill/stopped.ts';
import type { Stopwatch } from '../../drill/stopwatch.ts';
import { PlainError, withHint } from '../../errors.ts';
import { QuotaError } from '../../plan/quota.ts';
import { GIB } from '../../text/bytes.ts';
import type { Context } from '../context.ts';
import type { Drilling, Level, Trial } from './level.ts';

/**
 * Plans a trial. What the plan of a restore refuses, the drill has found out; what is wrong with the inputs, and a full
 * quota, say nothing about the restore point.
 *
 * @throws InputError or QuotaError; nothing was changed then
 */
export async function trialOf(level: Level, drilling: Drilling): Promise<Trial> {
  try {
    return await level(drilling);
  } catch (error) {
    const isFault = error instanceof PlainError && error.exitCode === 1 && !(error instanceof QuotaError);
    if (!isFault || drilling.context.host.signal.aborted) throw error;
    return { show: () => undefined, planned: undefined, prove: () => Promise.reject(error) };
  }
}

/**
 * What stops the run goes up, and so do a quota that somebody else filled since the plan, and a cloud that does not answer;
 * whatever else keeps the point
 * from being restored is what the drill found out.
 */
export async function carriedOut(
  { host }: Context,
  trial: Trial,
  bytes: number | undefined,
  watch: Stopwatch,
): Promise<Finding> {
  const bar = host.progress.start('Drilling', { items: 1, gigabytes: (bytes ?? 0) / GIB });
  try {
    return await trial.prove(watch, {
      hide: (key) => host.secrets.add(key),
      signal: host.signal,
      onBytes: (count) => bar.advance(0, count / GIB),
    });
  } catch (error) {
    if (host.signal.aborted || !(error instanceof PlainError) || saysNothing(error)) throw error;
    host.log.debug(withHint(error));
    return stoppedBy(error);
  } finally {
    bar.finish();
  }
}
