import type { Environment } from '../environment.ts';
import { readPayload, samePayload } from '../openstack/keymanager/v1/secrets.ts';
import { makeSecret } from '../restore/secret/create.ts';
import type { SecretRestorePlan } from '../restore/secret/plan.ts';
import { undo } from '../temporaries/undo.ts';
import type { Finding } from './finding.ts';
import type { Stopwatch } from './stopwatch.ts';

/** What a drill of a key needs to know of its restore point. */
export interface SecretSubject {
  /** How to restore it. */
  readonly plan: SecretRestorePlan;
  /** Restores it in another way than by the plan. @returns the id of the secret */
  readonly fill?: (environment: Environment) => Promise<string>;
}

/**
 * Restores a key as a temporary secret, reads it again, and removes it, whatever happens.
 *
 * @throws OperationError if it cannot be restored or read, with what the cloud said
 */
export async function drillSecret(
  environment: Environment,
  { plan: { request, bytes }, fill }: SecretSubject,
  watch: Stopwatch,
): Promise<Finding> {
  const { session, ledger, log } = environment;
  // It compares what Barbican returns, too.
  const id = await (fill?.(environment) ??
    makeSecret(environment, request, bytes, ledger.draft('scratch', 0)));
  watch.lap('restored');
  try {
    const isSame = samePayload(await readPayload(await session.service('key-manager'), id), bytes);
    const found = { size: bytes.length, keyProved: false };
    return isSame
      ? { ...found, reached: 'L3', seen: ['all bytes of the key are what was saved'] }
      : { ...found, reached: null, seen: [], why: 'Barbican returns other bytes than it was given' };
  } finally {
    watch.lap('checked');
    const what = `secret ${id}, made for the drill`;
    const made = { kind: 'secret', id, what, later: 'remove' } as const;
    await undo(session, [made], { removed: () => log.debug(`${what}, was removed`) });
    watch.lap('removed');
  }
}
