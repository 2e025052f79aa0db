import type { Session } from '../openstack/connection.ts';
import { type Holdings, holdingsOf } from '../temporaries/holdings.ts';

/** What the project holds, and why it shows no backups, if it shows none. */
export async function heldBy(
  session: Session,
  seen: Holdings | undefined,
): Promise<{ readonly holdings: Holdings; readonly closed: Error | undefined }> {
  let closed: Error | undefined;
  const holdings =
    seen ??
    (await holdingsOf(session, ['volumes', 'backups'], undefined, {
      closed: (error) => {
        closed = error;
      },
    }));
  return { holdings, closed };
}
