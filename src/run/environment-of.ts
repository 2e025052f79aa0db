import type { Environment } from '../environment.ts';
import type { Session } from '../openstack/connection.ts';
import type { Context } from './context.ts';

/** @param until the deadline, milliseconds since the epoch in the cloud's time */
export function environmentOf(
  context: Context,
  session: Session,
  until: number = Number.POSITIVE_INFINITY,
): Environment {
  const { log, signal } = context.host;
  return { session, clock: session.clock, log, signal, ledger: context.ledger(session), until };
}
