import { PlainError } from '../errors.ts';
import { listVolumes } from '../openstack/blockstorage/v3/volumes.ts';
import { listServers } from '../openstack/compute/v2/servers.ts';
import type { Session } from '../openstack/connection.ts';
import { collect } from '../pool.ts';
import type { Log } from '../ports/log.ts';
import { readTemporary } from '../temporaries/tags.ts';
import { quoted } from '../text/escape.ts';

/** Something in the project with the name of what is restored, such as the original if it still exists. */
export interface Namesake {
  readonly kind: 'volume' | 'server';
  readonly id: string;
  readonly name: string;
}

/** The namesakes of some new volumes. They only cause a warning: if they cannot be listed, there are none. */
export async function volumeNamesakes(session: Session, names: readonly string[]): Promise<Namesake[]> {
  const found: Namesake[] = [];
  for (const name of new Set(names.filter((one) => one !== '')))
    found.push(
      ...(await orNone(async () => {
        const all = await collect(listVolumes(await session.service('block-storage'), { name }));
        const own = all.filter((one) => one.name === name && readTemporary(one) === undefined);
        return own.map(({ id }) => ({ kind: 'volume', id, name }) as const);
      })),
    );
  return found;
}

/** The same of a new server. */
export function serverNamesakes(session: Session, name: string): Promise<Namesake[]> {
  return orNone(async () => {
    const all = await collect(listServers(await session.service('compute')));
    return all.filter((one) => one.name === name).map(({ id }) => ({ kind: 'server', id, name }) as const);
  });
}

async function orNone(list: () => Promise<Namesake[]>): Promise<Namesake[]> {
  try {
    return await list();
  } catch (error) {
    if (error instanceof PlainError) return [];
    throw error;
  }
}

/**
 * A selector that is a name means exactly one resource. A nightly backup must not be the first to report two of them:
 * the restore says how it affects selectors, and what to do.
 */
export function warnOfNamesakes(namesakes: readonly Namesake[], log: Log): void {
  for (const [what, all] of Map.groupBy(namesakes, ({ kind, name }) => `${kind} ${quoted(name)}`)) {
    const [{ kind, id, name }] = all as [Namesake];
    const command = `openstack ${kind} set --name NEW-NAME ${id}`;
    log.warn(
      `the project already has ${what} (${all.map((one) => one.id).join(', ')}), and will have two of that name: a backup that selects ${quoted(name)} then fails, while \`all\`, name: and metadata: save both. When the restored one is good, delete or rename the other (${command}), or restore under another \`name\``,
    );
  }
}
