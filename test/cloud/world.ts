import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createVolume,
  deleteVolume,
  getVolume,
  setBootable,
} from '../../src/openstack/blockstorage/v3/volumes.ts';
import { attachVolume } from '../../src/openstack/compute/v2/attachments.ts';
import type { Session } from '../../src/openstack/connection.ts';
import { fixtures } from '../scenarios/fixtures/index.ts';
import { payloadsOf, secretBytes } from '../scenarios/fixtures/secrets.ts';
import { volumeBecomes } from '../scenarios/fixtures/volumes.ts';
import { huntSecrets, keepOutput } from '../scenarios/hunt.ts';
import { makeKeyPrivate } from '../scenarios/keys.ts';
import { idsOf, removeNew } from '../scenarios/left-behind.ts';
import { Sessions } from '../scenarios/session.ts';
import type { Person, VolumeWish, World } from '../scenarios/world.ts';
import { runTool } from '../support/tool.ts';
import { isGone, waitFor } from '../support/wait.ts';
import {
  deviceDigest,
  deviceSize,
  openedDigest,
  readContent,
  rootDigest,
  writeContent,
  writeDevice,
  writeRoot,
} from './devices.ts';
import { DEMO } from './person.ts';

/** The real cloud of `npm run cloud:up`. Users act as users; only fixtures reach behind, to the devices. */
export async function realWorld(): Promise<World> {
  const directory = await mkdtemp(join(tmpdir(), 'openstack-backup-'));
  const outputs = keepOutput();
  const sessions = new Sessions(openrc);
  const session = (user: Person = 'demo') => sessions.of(user);
  const before = new Map<Person, ReadonlySet<string>>();
  for (const user of ['demo', 'small'] as const) before.set(user, await idsOf(await session(user)));
  const payloads: Buffer[] = [];
  const hunt = (payload: Buffer) => void payloads.push(payload);
  const made = fixtures({
    sessionOf: session,
    before: (user) => before.get(user === 'small' ? 'small' : 'demo') ?? new Set(),
    everyMs: 1000,
    hunt,
  });
  const world: World = {
    kind: 'real',
    release,
    ...made,
    environment: openrc,
    directory,
    tool: async (words, { user = 'demo', environment = {}, ...more } = {}) =>
      outputs.keep(
        await runTool(words, { directory, environment: { ...openrc(user), ...environment }, ...more }),
      ),
    session,
    makeVolume: async (wish) => makeVolume(await session(wish.user), wish, hunt),
    async attach(...volumeIds) {
      const server = await made.makeServer({ name: 'proof', image: true });
      const nova = await (await session()).service('compute');
      for (const id of volumeIds) {
        await attachVolume(nova, server.id, { id });
        await volumeBecomes(await session(), id, 'in-use');
      }
      return server.remove;
    },
    write: writeDevice,
    deviceSize,
    digest: deviceDigest,
    content: async (volumeId, length, user) =>
      readContent(volumeId, length, await keyOf(await session(user), volumeId, hunt)),
    async opened(volumeId, length) {
      const key = await keyOf(await session(), volumeId, hunt);
      if (key === undefined) throw new Error(`volume ${volumeId} has no key`);
      return openedDigest(volumeId, key, length);
    },
    makeKeyPrivate: async (volumeId) => makeKeyPrivate(await session(), volumeId),
    async removeVolume(volumeId, user) {
      const cinder = await (await session(user)).service('block-storage');
      await deleteVolume(cinder, volumeId);
      await waitFor(`volume ${volumeId} to go`, () => isGone(getVolume(cinder, volumeId)));
    },
    rootDigest,
    writeRoot,
    async close() {
      try {
        for (const [user, kept] of before) payloads.push(...(await payloadsOf(await session(user), kept)));
        await huntSecrets(
          outputs.text(),
          directory,
          payloads.length > 0 ? payloads : [Buffer.from('OS_PASSWORD=secret')],
        );
      } finally {
        for (const [user, kept] of before) await removeNew(await session(user), kept);
        await sessions.close();
        await rm(directory, { recursive: true });
      }
    },
  };
  return world;
}

/** The newest version of each API, which tells one release from the next. */
async function release(): Promise<string> {
  const services = [
    ['Nova', 8774],
    ['Cinder', 8776],
    ['Glance', 9292],
  ] as const;
  const found = services.map(async ([name, port]) => {
    const answer = (await (await fetch(`http://127.0.0.1:${port}/`)).json()) as Versions;
    const current = answer.versions.find(({ status }) => status === 'CURRENT');
    return `${name} ${current?.version || current?.id.replace('v', '') || 'of no version'}`;
  });
  return (await Promise.all(found)).join(', ');
}

interface Versions {
  readonly versions: readonly { readonly id: string; readonly status: string; readonly version?: string }[];
}

/** As variables, so that a scenario can change one of them. */
function openrc(person: Person): Record<string, string> {
  const own = person === 'demo' || person === 'small';
  const name = DEMO === 'demo' || !own ? person : person === 'demo' ? DEMO : `${DEMO}-small`;
  return {
    OS_AUTH_URL: 'http://127.0.0.1:5000/v3',
    OS_USERNAME: name,
    OS_PASSWORD: 'secret',
    OS_PROJECT_NAME: own ? name : DEMO,
    OS_USER_DOMAIN_NAME: 'Default',
    OS_PROJECT_DOMAIN_NAME: 'Default',
    OS_REGION_NAME: 'RegionOne',
  };
}

async function makeVolume(session: Session, wish: VolumeWish, hunt: (key: Buffer) => void): Promise<string> {
  const client = await session.service('block-storage');
  const volume = await createVolume(client, {
    size: wish.size ?? 1,
    name: wish.name,
    volumeType: wish.type ?? 'standard',
    metadata: wish.metadata,
  });
  await volumeBecomes(session, volume.id, 'available');
  if (wish.bootable) await setBootable(client, volume.id, true);
  const key = await keyOf(session, volume.id, hunt);
  if (wish.content !== undefined) await writeContent(volume.id, wish.content, key);
  return volume.id;
}

/** As its user reads it; nothing of a plain volume. */
async function keyOf(
  session: Session,
  volumeId: string,
  hunt: (key: Buffer) => void,
): Promise<Buffer | undefined> {
  const { encryptionKeyId } = await getVolume(await session.service('block-storage'), volumeId);
  if (encryptionKeyId === undefined) return undefined;
  const key = await secretBytes(session, encryptionKeyId);
  hunt(key);
  return key;
}
