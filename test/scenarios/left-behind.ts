import type { Session } from '../../src/openstack/connection.ts';
import { nothing } from '../../src/openstack/service.ts';
import { waitFor } from '../support/wait.ts';
import {
  type Holding,
  holdings,
  isLeaving,
  KINDS,
  type Kind,
  keysInUse,
  pathOf,
  takeInventory,
} from './holdings.ts';

/** Ids by kind; a kind of which there is nothing new is not there. Keys that something else needs are no secrets of their own. */
export type LeftBehind = Readonly<Partial<Record<Kind, readonly string[]>>>;

/** The ids of all that a project has, to know later what is new. */
export async function idsOf(session: Session): Promise<Set<string>> {
  return new Set([...(await takeInventory(session)).values()].flat().map(({ id }) => id));
}

/** What is new in a project, once nothing is being deleted any more. */
export async function leftBehind(
  session: Session,
  before: ReadonlySet<string>,
  everyMs: number,
): Promise<LeftBehind> {
  let inventory = await takeInventory(session);
  await waitFor(
    'what is being deleted',
    async () => {
      inventory = await takeInventory(session);
      return ![...inventory.values()].flat().some(isLeaving);
    },
    { everyMs },
  );
  const keys = keysInUse(inventory);
  const isNew = (kind: Kind) => (id: string) => !before.has(id) && !(kind === 'secrets' && keys.has(id));
  const found = KINDS.map((kind) => {
    const ids = (inventory.get(kind) ?? []).map(({ id }) => id).filter(isNew(kind));
    return [kind, ids.sort()] as const;
  });
  return Object.fromEntries(found.filter(([, ids]) => ids.length > 0));
}

/**
 * Deletes all that is new in a project. What cannot go yet (a volume before its snapshots, a chain's beginning before
 * its end) is asked for again; keys go last, as most go with what they belong to.
 */
export async function removeNew(session: Session, before: ReadonlySet<string>): Promise<void> {
  const stages: readonly (readonly Kind[])[] = [
    ['servers'],
    KINDS.filter((kind) => kind !== 'servers' && kind !== 'secrets'),
    ['secrets'],
  ];
  for (const kinds of stages)
    await waitFor(
      `${kinds.join(', ')} to be deleted`,
      async () => {
        const rows = await Promise.all(
          kinds.map(async (kind) => ({ kind, rows: await newOf(session, kind, before) })),
        );
        for (const { kind, rows: left } of rows)
          for (const row of left.filter((each) => !isLeaving(each) && !isNeeded(each)))
            await remove(session, kind, row);
        return rows.every(({ rows: left }) => left.length === 0);
      },
      // Each look costs a real cloud a list of every kind.
      { everyMs: 1500, forMs: 180_000 },
    );
}

/** A backup that others are increments of is refused for certain. */
function isNeeded({ raw }: Holding): boolean {
  return raw['has_dependent_backups'] === true;
}

async function newOf(session: Session, kind: Kind, before: ReadonlySet<string>): Promise<Holding[]> {
  return (await holdings(session, kind)).filter(({ id }) => !before.has(id));
}

/** One try; a refusal says only that it is too early. */
async function remove(session: Session, kind: Kind, { id, raw }: Holding): Promise<void> {
  if (kind === 'images' && raw['protected'] === true) await unprotect(session, id);
  const { service, path } = pathOf(kind, id);
  const client = await session.service(service);
  await client.call({
    doing: `delete ${id} of the ${kind}`,
    method: 'DELETE',
    path,
    ok: [200, 202, 204, 400, 403, 404, 409],
    decode: nothing,
  });
}

export async function unprotect(session: Session, imageId: string): Promise<void> {
  const client = await session.service('image');
  await client.call({
    doing: 'unprotect an image',
    method: 'PATCH',
    path: `/images/${imageId}`,
    headers: { 'content-type': 'application/openstack-images-v2.1-json-patch' },
    json: [{ op: 'replace', path: '/protected', value: false }],
    ok: [200],
    decode: nothing,
  });
}
