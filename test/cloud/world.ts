import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../../src/clock.ts';
import { deleteBackup, getBackup, listBackups } from '../../src/openstack/blockstorage/v3/backups.ts';
import {
  createVolume,
  deleteVolume,
  getVolume,
  listVolumes,
  setBootable,
} from '../../src/openstack/blockstorage/v3/volumes.ts';
import { readBytes } from '../../src/openstack/body.ts';
import { field, id, text } from '../../src/openstack/decode.ts';
import { hasStatus } from '../../src/openstack/errors.ts';
import { silentLog } from '../../src/openstack/log.ts';
import { nothing } from '../../src/openstack/service.ts';
import type { Session } from '../../src/openstack/session.ts';
import { Watcher } from '../../src/openstack/watcher.ts';
import { collect } from '../../src/pool.ts';
import { readTags } from '../../src/temporaries/backup-tags.ts';
import { SparseBytes } from '../fakes/cloud/bytes.ts';
import { openLuks1, passphraseOf } from '../fakes/cloud/luks.ts';
import { huntSecrets, keepOutput } from '../scenarios/hunt.ts';
import { makeKeyPrivate } from '../scenarios/keys.ts';
import { Sessions } from '../scenarios/session.ts';
import type { Person, VolumeWish, World } from '../scenarios/world.ts';
import { runTool } from '../support/tool.ts';

const STATE = process.env['CLOUD_STATE'] ?? '/var/lib/oscloud';
const DEVICE = fileURLToPath(new URL('device.py', import.meta.url));
const MIB = 1 << 20;

export interface RealWorld extends World {
  /** OS_* of a user. */
  environment(user: Person): Record<string, string>;
}

/** The real cloud of `npm run cloud:up`. Users act as users; only fixtures reach behind, to the devices. */
export async function realWorld(): Promise<RealWorld> {
  const directory = await mkdtemp(join(tmpdir(), 'openstack-backup-'));
  const outputs = keepOutput();
  const environmentOf = (user: Person) => ({
    OS_CLIENT_CONFIG_FILE: join(STATE, 'clouds.yaml'),
    OS_CLOUD: user,
  });
  const sessions = new Sessions(environmentOf);
  const before = new Map<Person, Set<string>>();
  for (const user of ['demo', 'small'] as const) before.set(user, await everything(await sessions.of(user)));
  const keys: Buffer[] = [];
  const servers: string[] = [];
  const world: RealWorld = {
    kind: 'real',
    environment: openrc,
    directory,
    tool: async (words, { user = 'demo', environment = {}, ...more } = {}) =>
      outputs.keep(
        await runTool(words, {
          directory,
          environment: { ...openrc(user), ...environment },
          ...more,
        }),
      ),
    session: (user) => sessions.of(user),
    makeVolume: (wish) => makeVolume(sessions, wish, keys),
    async attach(...volumeIds) {
      const session = await sessions.of('demo');
      const server = await bootServer(session);
      servers.push(server);
      for (const volumeId of volumeIds) await attachVolume(session, server, volumeId);
      return () => deleteServer(session, server, volumeIds);
    },
    write: async (volumeId, offset, bytes) => {
      await device(['write', volumeId, String(offset)], bytes);
    },
    digest: async (volumeId) => (await device(['digest', volumeId])).toString().trim(),
    content: async (volumeId, length) =>
      contentThroughImage(await sessions.of('demo'), volumeId, length, keys),
    makeKeyPrivate: async (volumeId) => makeKeyPrivate(await sessions.of('demo'), volumeId),
    async removeVolume(volumeId) {
      const client = await (await sessions.of('demo')).service('block-storage');
      await deleteVolume(client, volumeId);
      await volumesOf(await sessions.of('demo')).gone(volumeId, () => undefined, {
        deadline: Date.now() + 120_000,
      });
    },
    async close() {
      try {
        await huntSecrets(
          outputs.text(),
          directory,
          keys.length > 0 ? keys : [Buffer.from('OS_PASSWORD=secret')],
        );
        for (const server of servers) await deleteServer(await sessions.of('demo'), server, []);
        for (const [user, kept] of before) await removeNew(await sessions.of(user), kept);
      } finally {
        await sessions.close();
        await rm(directory, { recursive: true });
      }
    },
  };
  return world;
}

/** As variables, so that a scenario can change one of them. */
function openrc(user: Person): Record<string, string> {
  return {
    OS_AUTH_URL: 'http://127.0.0.1:5000/v3',
    OS_USERNAME: user,
    OS_PASSWORD: 'secret',
    OS_PROJECT_NAME: user === 'small' ? 'small' : 'demo',
    OS_USER_DOMAIN_NAME: 'Default',
    OS_PROJECT_DOMAIN_NAME: 'Default',
    OS_REGION_NAME: 'RegionOne',
  };
}

function device(words: readonly string[], input?: Uint8Array): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      '/usr/bin/python3',
      [DEVICE, ...words],
      { encoding: 'buffer', maxBuffer: 256 * MIB },
      (error, stdout, stderr) => (error === null ? resolve(stdout) : reject(new Error(stderr.toString()))),
    );
    child.stdin?.end(input === undefined ? undefined : Buffer.from(input));
  });
}

function volumesOf(session: Session): Watcher<Awaited<ReturnType<typeof getVolume>>> {
  const source = {
    async *list() {
      yield* listVolumes(await session.service('block-storage'), { newestFirst: true });
    },
    get: async (volumeId: string) => getVolume(await session.service('block-storage'), volumeId),
  };
  return new Watcher(source, systemClock, silentLog);
}

async function until(session: Session, volumeId: string, status: string): Promise<void> {
  await volumesOf(session).until(
    volumeId,
    (volume) => {
      if (volume.status.startsWith('error')) throw new Error(`volume ${volumeId} is ${volume.status}`);
      return volume.status === status ? { done: undefined } : undefined;
    },
    { deadline: Date.now() + 180_000 },
  );
}

async function makeVolume(sessions: Sessions, wish: VolumeWish, keys: Buffer[]): Promise<string> {
  const session = await sessions.of(wish.user ?? 'demo');
  const client = await session.service('block-storage');
  const volume = await createVolume(client, {
    size: wish.size ?? 1,
    name: wish.name,
    volumeType: wish.type ?? 'standard',
    metadata: wish.metadata,
  });
  await until(session, volume.id, 'available');
  if (wish.bootable) await setBootable(client, volume.id, true);
  const keyId = (await getVolume(client, volume.id)).encryptionKeyId;
  const key = keyId === undefined ? undefined : await keyBytes(session, keyId);
  if (key !== undefined) keys.push(key);
  if (wish.content !== undefined) await writeContent(volume.id, wish.content, key);
  return volume.id;
}

async function keyBytes(session: Session, keyId: string): Promise<Buffer> {
  const client = await session.service('key-manager');
  const answer = await client.open({
    doing: 'read a key',
    method: 'GET',
    path: `/secrets/${keyId}/payload`,
    headers: { accept: 'application/octet-stream' },
    ok: [200],
  });
  return readBytes(answer.body, 4096);
}

/** Through the LUKS header of an encrypted volume, which the driver wrote when it made the volume. */
async function writeContent(volumeId: string, content: Uint8Array, key: Buffer | undefined): Promise<void> {
  if (key === undefined) {
    await device(['write', volumeId, '0'], content);
    return;
  }
  const head = SparseBytes.from(await device(['read', volumeId, '0', String(8 * MIB + content.length)]));
  const opened = openLuks1(head, passphraseOf(key));
  if (opened === undefined) throw new Error(`the key of volume ${volumeId} does not open it`);
  opened.writePlain(0, content);
  await device(['write', volumeId, '0'], head.read(0, head.size));
}

/** The volume as an image of a user: uploaded, its beginning downloaded, opened with the key that the image names. */
async function contentThroughImage(
  session: Session,
  volumeId: string,
  length: number,
  keys: Buffer[],
): Promise<Buffer> {
  const cinder = await session.service('block-storage');
  const glance = await session.service('image');
  const imageId = await cinder.call({
    doing: 'upload a volume',
    method: 'POST',
    path: `/volumes/${volumeId}/action`,
    json: {
      'os-volume_upload_image': {
        image_name: 'proof',
        disk_format: 'raw',
        container_format: 'bare',
        force: false,
      },
    },
    ok: [202],
    decode: (answer) => id(field(answer, 'os-volume_upload_image'), 'image_id'),
  });
  await until(session, volumeId, 'available');
  const keyId = await glance.call({
    doing: 'read an image',
    method: 'GET',
    path: `/images/${imageId}`,
    ok: [200],
    decode: (image) => {
      if (text(image, 'status') !== 'active') throw new TypeError(`the image is ${text(image, 'status')}`);
      const property = image['cinder_encryption_key_id'];
      return typeof property === 'string' ? property : undefined;
    },
  });
  const answer = await glance.open({
    doing: 'download an image',
    method: 'GET',
    path: `/images/${imageId}/file`,
    headers: { accept: 'application/octet-stream', range: `bytes=0-${8 * MIB + length}` },
    ok: [200, 206],
  });
  const head = await readBytes(answer.body, 16 * MIB + length);
  const key = keyId === undefined ? undefined : await keyBytes(session, keyId);
  await glance.call({
    doing: 'delete an image',
    method: 'DELETE',
    path: `/images/${imageId}`,
    ok: [204],
    decode: nothing,
  });
  if (key === undefined) return head.subarray(0, length);
  keys.push(key);
  const opened = openLuks1(SparseBytes.from(head), passphraseOf(key));
  if (opened === undefined) throw new Error(`the key of the image of volume ${volumeId} does not open it`);
  return opened.readPlain(0, length);
}

async function bootServer(session: Session): Promise<string> {
  const [nova, glance] = [await session.service('compute'), await session.service('image')];
  const first = (path: string, key: string) => (answer: { readonly [name: string]: unknown }) => {
    const [item] = answer[key] as { id: string }[];
    if (item === undefined) throw new TypeError(`${path} is empty`);
    return item.id;
  };
  const image = await glance.call({
    doing: 'find the image',
    method: 'GET',
    path: '/images',
    query: { name: 'tiny' },
    ok: [200],
    decode: first('images', 'images'),
  });
  const flavor = await nova.call({
    doing: 'find the flavor',
    method: 'GET',
    path: '/flavors',
    ok: [200],
    decode: first('flavors', 'flavors'),
  });
  const server = await nova.call({
    doing: 'boot a server',
    method: 'POST',
    path: '/servers',
    json: { server: { name: 'proof', imageRef: image, flavorRef: flavor, networks: 'none' } },
    ok: [202],
    decode: (answer) => id(field(answer, 'server'), 'id'),
  });
  await waitFor(async () => {
    const status = await nova.call({
      doing: 'read a server',
      method: 'GET',
      path: `/servers/${server}`,
      ok: [200],
      decode: (answer) => text(field(answer, 'server'), 'status'),
    });
    if (status === 'ERROR') throw new Error(`server ${server} is in error`);
    return status === 'ACTIVE';
  });
  return server;
}

async function attachVolume(session: Session, server: string, volumeId: string): Promise<void> {
  const nova = await session.service('compute');
  await nova.call({
    doing: 'attach a volume',
    method: 'POST',
    path: `/servers/${server}/os-volume_attachments`,
    json: { volumeAttachment: { volumeId } },
    ok: [200, 202],
    decode: nothing,
  });
  await until(session, volumeId, 'in-use');
}

async function deleteServer(session: Session, server: string, volumeIds: readonly string[]): Promise<void> {
  const nova = await session.service('compute');
  await nova.call({
    doing: 'delete a server',
    method: 'DELETE',
    path: `/servers/${server}`,
    ok: [204, 404],
    decode: nothing,
  });
  for (const volumeId of volumeIds) await until(session, volumeId, 'available');
}

async function waitFor(check: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 240; tries += 1) {
    if (await check()) return;
    await systemClock.sleep(500);
  }
  throw new Error('it took too long');
}

async function everything(session: Session): Promise<Set<string>> {
  const client = await session.service('block-storage');
  return new Set(
    [...(await collect(listVolumes(client))), ...(await collect(listBackups(client)))].map((item) => item.id),
  );
}

/** What a scenario left: backups from the end of their chains, then volumes. */
async function removeNew(session: Session, kept: ReadonlySet<string>): Promise<void> {
  const client = await session.service('block-storage');
  const backups = (await collect(listBackups(client))).filter((backup) => !kept.has(backup.id));
  backups.sort((a, b) => (readTags(b)?.position ?? 0) - (readTags(a)?.position ?? 0));
  for (const backup of backups) {
    await waitFor(async () => (await getBackup(client, backup.id).catch(() => backup)).status !== 'creating');
    await deleteBackup(client, backup.id);
    await waitFor(async () => gone(getBackup(client, backup.id)));
  }
  const volumes = (await collect(listVolumes(client))).filter((volume) => !kept.has(volume.id));
  for (const volume of volumes) {
    await waitFor(
      async () =>
        await deleteVolume(client, volume.id).then(
          () => true,
          () => false,
        ),
    );
    await waitFor(async () => gone(getVolume(client, volume.id)));
  }
}

async function gone(read: Promise<unknown>): Promise<boolean> {
  return read.then(
    () => false,
    (error: unknown) => {
      if (hasStatus(error, 404)) return true;
      throw error;
    },
  );
}
