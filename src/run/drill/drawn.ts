import { cloudOf } from '../../catalog/cloud-of.ts';
import { candidatesIn } from '../../drill/candidates.ts';
import { draw } from '../../drill/draw.ts';
import { InputError, OperationError } from '../../errors.ts';
import type { DrillInputs } from '../../inputs/drill.ts';
import type { Session } from '../../openstack/connection.ts';
import { quotasFor } from '../../openstack/quotas.ts';
import { counted } from '../../text/words.ts';
import type { Subject } from '../../verify/subjects.ts';
import type { Context } from '../context.ts';
import { kindsOf } from './levels.ts';

/**
 * Draws the restore point to drill, and tells what cannot be.
 *
 * @throws InputError if nothing can be drilled so, with why
 * @throws OperationError if the cloud did not say whether the data is there
 */
export async function drawnOf(
  { host }: Context,
  given: DrillInputs,
  subjects: readonly Subject[],
  session: Session | undefined,
  seed: number,
): Promise<Subject> {
  if (subjects.length === 0)
    throw new InputError(
      'no manifest lists such a restore point',
      'See `openstack-backup list` for those that there are.',
    );
  const { candidates, left } = candidatesIn(subjects, {
    level: given.level,
    kinds: kindsOf(given),
    byHand: given['by-hand'],
    identity: given.identity !== undefined,
    maxGigabytes: given['max-gigabytes'] || Number.POSITIVE_INFINITY,
    cloud: session === undefined || given['allow-other-project'] ? undefined : cloudOf(session),
    freeGigabytes: session === undefined ? Number.POSITIVE_INFINITY : await freeGigabytes(session),
  });
  const drawn = draw(candidates, given.pick, seed, host.clock.now());
  if (drawn === undefined) refuseUnseen(subjects);
  if (drawn === undefined)
    throw new InputError(
      `there is no restore point to drill: ${left.join('; ')}`,
      'Give what is missing, another `level`, or other restore points.',
    );
  for (const line of left) host.log.info(`left out: ${line}`);
  host.log.info(`one of ${counted(candidates.length, 'restore point')} is drilled`);
  return drawn.subject;
}

/** @throws OperationError if the cloud did not say whether the data of a restore point is there */
function refuseUnseen(subjects: readonly Subject[]): void {
  const unseen = subjects.find(
    ({ entry, parts }) => entry.state === 'unknown' && parts.some(({ stored }) => stored === undefined),
  );
  if (unseen !== undefined)
    throw new OperationError(
      `cannot find out which restore points can be drilled: ${unseen.entry.why}`,
      'Look at the warnings above, and run it again.',
    );
}

async function freeGigabytes(session: Session): Promise<number> {
  const { gigabytes } = await quotasFor(session, [{ gigabytes: 1 }]);
  if (gigabytes === undefined || gigabytes.max < 0) return Number.POSITIVE_INFINITY;
  return Math.max(0, gigabytes.max - gigabytes.used);
}
