import { messageOf, PlainError } from '../errors.ts';
import type { Session } from '../openstack/connection.ts';

/**
 * A step that comes when all data is there. A refusal now is no reason to lose the data: note it, and try
 * the next step. A run that must stop still tries it, within its time to clean up.
 *
 * @param undone to be added to, in words
 * @returns whether it was done
 */
export async function lateStep(
  session: Session,
  undone: string[],
  what: string,
  act: () => Promise<unknown>,
): Promise<boolean> {
  session.windUp();
  try {
    await act();
    return true;
  } catch (error) {
    const stopped = session.signal?.aborted === true;
    if (!stopped && !(error instanceof PlainError)) throw error;
    undone.push(`${what}: ${messageOf(error)}`);
    return false;
  }
}
