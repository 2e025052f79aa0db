import type { Environment } from '../../environment.ts';
import { PlainError, withHint } from '../../errors.ts';
import { pool } from '../../pool.ts';
import type { Reporter } from '../kind.ts';
import { lateStep } from '../late.ts';
import { tellUndone } from '../remaining.ts';
import { makeSecret } from './create.ts';
import { finishSecret } from './finish.ts';
import type { SecretRestorePlan } from './plan.ts';

export interface RestoredSecrets {
  /** The new ids by the old ones. */
  readonly restored: ReadonlyMap<string, string>;
  /** What failed after the key was restored, in words. */
  readonly undone: readonly string[];
}

/** A failure is reported, and the others go on. */
export async function restoreSecrets(
  environment: Environment,
  plans: readonly SecretRestorePlan[],
  to: Pick<Reporter, 'error'>,
): Promise<RestoredSecrets> {
  const { session, log, ledger } = environment;
  const undone: string[] = [];
  const restored = new Map<string, string>();
  await pool(plans, 4, async ({ point, request, bytes }) => {
    const { id } = point.resource;
    try {
      const made = await makeSecret(environment, request, bytes, ledger.draft('result', 0));
      restored.set(id, made);
      const failed: string[] = [];
      const finish = () => finishSecret(environment, made, request);
      if (await lateStep(session, failed, 'its metadata', finish)) {
        log.info(`secret ${id} restored as ${made}`);
        return;
      }
      const { name = '' } = request.secret;
      tellUndone(to, { kind: 'secret', id: made, name }, failed, BY_HAND);
      undone.push(...failed.map((what) => `secret ${made}: ${what}`));
    } catch (error) {
      if (!(error instanceof PlainError)) throw error;
      to.error(`secret ${id} was not restored: ${withHint(error)}`);
    }
  });
  return { restored, undone };
}

const BY_HAND =
  'The openstack client cannot set that: use the secret as it is, or restore it again and delete this one.';
