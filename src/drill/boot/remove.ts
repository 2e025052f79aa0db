import type { Environment } from '../../environment.ts';
import { messageOf } from '../../errors.ts';
import { listPorts } from '../../openstack/network/v2/ports.ts';
import { listSecurityGroups } from '../../openstack/network/v2/security-groups.ts';
import { WIND_UP_MS } from '../../openstack/session.ts';
import { collect } from '../../pool.ts';
import { serverWithTag } from '../../restore/server/boot.ts';
import { DRILL_NAME } from '../../temporaries/lists.ts';
import { untilVolumesGone } from '../../temporaries/remove.ts';
import { tellOfStaying } from '../../temporaries/staying.ts';
import { isStillOurs } from '../../temporaries/still-ours.ts';
import { readTemporary } from '../../temporaries/tags.ts';
import { type Made, undo } from '../../temporaries/undo.ts';

/** What was made so far, and the tags of what may have been made besides. */
export interface Trail {
  readonly made: Made[];
  readonly network: string[];
  readonly servers: string[];
}

/** Something that a drill made, and that any later run removes too. */
export function madeForDrill(kind: Made['kind'], id: string): Made {
  return { kind, id, what: `${kind} ${id}, made for the drill`, later: 'remove' };
}

/**
 * Removes what a drill made, also when the run is told to stop, and what its lost answers made.
 *
 * @returns whether everything is gone, or is going
 */
export async function removeTrail(environment: Environment, trail: Trail): Promise<boolean> {
  environment.session.windUp();
  const late = await found(environment, trail);
  return removeMade(environment, [...late, ...trail.made]);
}

/** @returns whether everything is gone, or is going */
export async function removeMade(
  { session, log, signal }: Pick<Environment, 'session' | 'log' | 'signal'>,
  made: readonly Made[],
): Promise<boolean> {
  const isGone = await undo(session, made, {
    removed: ({ what }) => log.debug(`${what}, is being removed`),
    withinMs: signal.aborted ? WIND_UP_MS : undefined,
    isStillOurs: (thing) => isStillOurs(session, thing),
  });
  const volumes = made.filter(({ kind }) => kind === 'volume').map(({ id }) => id);
  if (isGone && !signal.aborted && volumes.length > 0) await untilVolumesGone(session, volumes);
  return isGone;
}

/** By the tags of their records: also what a request made whose answer was lost. */
async function found(
  { session, log }: Environment,
  { network, servers }: Pick<Trail, 'network' | 'servers'>,
): Promise<readonly Made[]> {
  const all: Made[] = [];
  const look = async (what: string, act: () => Promise<void>) => {
    try {
      await act();
    } catch (error) {
      tellOfStaying(log, `the ${what} of the drill`, messageOf(error), 'remove');
    }
  };
  const put = (kind: Made['kind'], id: string) => all.push(madeForDrill(kind, id));
  for (const tag of servers)
    await look('server', async () => {
      const server = await serverWithTag(await session.service('compute'), tag);
      if (server !== undefined) put('server', server.id);
    });
  if (network.length === 0) return all;
  const isOurs = ({ id, description }: { readonly id: string; readonly description: string }) =>
    network.includes(readTemporary({ id, description })?.tag ?? '');
  await look('ports', async () => {
    const neutron = await session.service('network');
    const ports = await collect(listPorts(neutron, { name: DRILL_NAME }));
    const groups = await collect(listSecurityGroups(neutron, { name: DRILL_NAME }));
    for (const { id } of ports.filter(isOurs)) put('port', id);
    for (const { id } of groups.filter(isOurs)) put('security group', id);
  });
  return all;
}
