import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type EmbeddedCloud,
  type EmbeddedCloudOptions,
  type Image,
  SparseBytes,
  startEmbeddedCloud,
} from '../fakes/cloud/index.ts';
import { openLuks1, passphraseOf } from '../fakes/cloud/luks.ts';
import { runTool } from '../support/tool.ts';
import { fixtures } from './fixtures/index.ts';
import { huntSecrets, keepOutput } from './hunt.ts';
import { makeKeyPrivate } from './keys.ts';
import { Sessions } from './session.ts';
import type { World } from './world.ts';

export interface EmbeddedWorld extends World {
  readonly cloud: EmbeddedCloud;
  /** Output of a run without a process of its own, for the secret hunt. */
  heard(text: string): void;
}

/** Bytes of a "GiB" for many runs on one cloud: little more than a LUKS header has, as all of it is hashed at each step. */
export const SMALL_GIB = 9 << 18;

/** A "GiB" of it has 32 MiB, so that hashing a volume costs a moment. */
export async function embeddedWorld(
  options: EmbeddedCloudOptions = {},
  { within = tmpdir() } = {},
): Promise<EmbeddedWorld> {
  const cloud = await startEmbeddedCloud({ gibBytes: 32 * 1024 ** 2, ...options });
  const tiny = await addTinyImage(cloud);
  const directory = await mkdtemp(join(within, 'openstack-backup-'));
  const outputs = keepOutput();
  const sessions = new Sessions((user) => cloud.openrc(user));
  const volumeOf = (id: string) => {
    const volume = cloud.state.volumes.get(id);
    if (volume === undefined) throw new Error(`the embedded cloud has no volume ${id}`);
    return volume;
  };
  const rootOf = (id: string) => {
    const root = cloud.state.servers.get(id)?.root;
    if (root == null) throw new Error(`the embedded cloud has no server ${id} with a disk of its own`);
    return root;
  };
  return {
    kind: 'embedded',
    release: async () => 'embedded',
    ...fixtures({
      sessionOf: (user) => sessions.of(user),
      before: () => new Set(),
      everyMs: 20,
      // Every payload that the cloud ever saw is hunted anyway.
      hunt: () => undefined,
    }),
    cloud,
    heard: (text) => outputs.add(text),
    directory,
    tool: async (words, { user = 'demo', environment = {}, ...more } = {}) =>
      outputs.keep(
        await runTool(words, { directory, environment: { ...cloud.openrc(user), ...environment }, ...more }),
      ),
    environment: (user) => cloud.openrc(user),
    session: (user) => sessions.of(user),
    makeVolume: async ({ content, metadata, ...wish }) =>
      cloud.seed.addVolume({
        ...wish,
        ...(metadata === undefined ? {} : { metadata: { ...metadata } }),
        ...(content === undefined ? {} : { bytes: content }),
      }).id,
    async attach(...volumeIds) {
      const server = cloud.seed.addServer({ image: tiny, volumes: volumeIds.map(volumeOf) });
      return async () => {
        for (const id of volumeIds) cloud.seed.detach(server, volumeOf(id));
        cloud.state.servers.delete(server.id);
      };
    },
    write: async (id, offset, bytes) => volumeOf(id).data.write(offset, bytes),
    deviceSize: async (id) => volumeOf(id).data.size,
    digest: async (id, length) => volumeOf(id).data.fingerprint(length),
    content: async (id, length) => cloud.readPlain(volumeOf(id), 0, length),
    async opened(id, length) {
      const volume = volumeOf(id);
      const key = volume.encryptionKeyId;
      const payload = key === null ? null : cloud.state.secrets.get(key)?.payload;
      const opened = payload == null ? undefined : openLuks1(volume.data, passphraseOf(payload));
      if (opened === undefined) throw new Error(`the key of volume ${id} does not open it`);
      const plain = opened.readPlain(0, length ?? opened.payloadBytes);
      return { bytes: opened.payloadBytes, digest: createHash('sha256').update(plain).digest('hex') };
    },
    makeKeyPrivate: async (id) => makeKeyPrivate(await sessions.of('demo'), id),
    removeVolume: async (id) => cloud.seed.removeVolume(volumeOf(id)),
    rootDigest: async (id) => rootOf(id).fingerprint(),
    writeRoot: async (id, offset, bytes) => rootOf(id).write(offset, bytes),
    async close() {
      try {
        await huntSecrets(outputs.text(), directory, secretsOf(cloud));
        if (cloud.errors.length > 0)
          throw new AggregateError(cloud.errors, 'the embedded cloud did something wrong');
      } finally {
        await sessions.close();
        await cloud.close();
        await rm(directory, { recursive: true });
      }
    },
  };
}

/** The public image that the real cloud has too, of a project that nobody acts in. */
async function addTinyImage(cloud: EmbeddedCloud): Promise<Image> {
  const bytes = new SparseBytes(1024 ** 2);
  // Glance takes a boot sector only with a partition in its table.
  bytes.write(446, Buffer.from('800002008300020001000000ff070000', 'hex'));
  bytes.write(510, Buffer.from([0x55, 0xaa]));
  return cloud.seed.addImage(bytes, { name: 'tiny', visibility: 'public', ownerId: '0'.repeat(32) });
}

/** Every key's bytes and every token that the cloud ever gave out, and the password. */
function secretsOf(cloud: EmbeddedCloud): (string | Buffer)[] {
  return [...cloud.state.everyPayload, ...cloud.state.tokens.keys(), cloud.openrc()['OS_PASSWORD'] ?? ''];
}
