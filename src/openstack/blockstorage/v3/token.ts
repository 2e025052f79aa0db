import { duration } from '../../../clock.ts';
import type { Session } from '../../connection.ts';
import { allowance } from './allowance.ts';

/**
 * Takes a fresh token for a long job, because Cinder keeps using it: for Glance, and to clone a key at the end.
 * Warns if the token may not last.
 *
 * @param what "the backup"
 */
export async function freshTokenFor(session: Session, what: string, gigabytes: number): Promise<void> {
  const life = await session.freshToken();
  if (life < allowance(gigabytes) / 4)
    session.log.warn(
      `the token is valid for ${duration(life)} only: if ${what} of ${gigabytes} GiB takes longer, it fails at its end`,
    );
}
