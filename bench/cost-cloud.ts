import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DIRECTORY, MANIFEST_FILE } from '../src/manifest/files.ts';
import { serialize } from '../src/manifest/parse.ts';
import type { Manifest, VolumeBackupPoint } from '../src/manifest/schema.ts';
import {
  type Backup,
  type EmbeddedCloud,
  startEmbeddedCloud,
  type Volume,
} from '../test/fakes/cloud/index.ts';

/** The other process of `bench/cost.ts`: an embedded cloud, filled as told, that counts what it is asked. */
export interface Wish {
  readonly volumes: number;
  readonly encrypted: boolean | 'half';
  /** Backups that are there already. */
  readonly backups: number;
  /** Where manifests name them, one a night: every volume once in each. */
  readonly manifests?: string;
  /** Where a plan goes that wants all of them saved, and keeps two of each. */
  readonly plan?: string;
}

/** What it sends: first where it is, then, asked for it, what it was asked. */
export type Word =
  | { readonly environment: Record<string, string> }
  | { readonly requests: number; readonly kinds: Record<string, number> };

const MONTH_MS = 30 * 86_400_000;
const UNLIMITED = { volumes: -1, snapshots: -1, gigabytes: -1, backups: -1, backupGigabytes: -1 };

const wish: Wish = JSON.parse(process.argv[2] ?? '');
const cloud = await startEmbeddedCloud({ gibBytes: 1024 ** 2, tickMs: 2, ticksPerGib: 1 });
for (const project of cloud.state.projects.values()) project.quota = { ...UNLIMITED };
const volumes = fill(cloud, wish);
const backups = Array.from({ length: wish.backups }, (_, at) =>
  addBackup(cloud, volumes[at % volumes.length] as Volume, at),
);
if (wish.manifests !== undefined) await writeManifests(wish.manifests);
if (wish.plan !== undefined) await writePlan(wish.plan);
say({ environment: cloud.openrc('demo') });
process.on('message', () => {
  const kinds: Record<string, number> = {};
  for (const { method, path } of cloud.requests) {
    const kind = `${method} ${path.replace(/[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}/g, '{id}')}`;
    kinds[kind] = (kinds[kind] ?? 0) + 1;
  }
  say({ requests: cloud.requests.length, kinds });
});

function say(word: Word): void {
  process.send?.(word);
}

/** Encrypted ones share the bytes of the first, which take a while to make; each has a key of its own. */
function fill({ seed, state }: EmbeddedCloud, { volumes: count, encrypted }: Wish): Volume[] {
  const metadata = { backup: 'daily', owner: 'team-a', env: 'production', ticket: 'OPS-1234' };
  const name = (at: number) => `volume-${String(at).padStart(5, '0')}`;
  const first = seed.addVolume({ name: name(0), type: encrypted ? 'luks' : 'standard', metadata });
  const plain = encrypted === 'half' ? seed.addVolume({ name: name(1), type: 'standard', metadata }) : first;
  const made = plain === first ? [first] : [first, plain];
  const others = Array.from({ length: count - made.length }, (_, at): Volume => {
    const like = at % 2 === 0 ? first : plain;
    const own = cloneOfKey(like.encryptionKeyId);
    const createdAt = cloud.clock.now();
    return {
      ...like,
      id: randomUUID(),
      name: name(at + made.length),
      createdAt,
      metadata: { ...metadata },
      encryptionKeyId: own,
      data: like.data.clone(),
    };
  });
  for (const volume of others) state.volumes.set(volume.id, volume);
  return [...made, ...others];
}

/** Cinder gives each volume, and each backup, a key of its own. */
function cloneOfKey(id: string | null): string | null {
  const key = id === null ? undefined : cloud.state.secrets.get(id);
  if (key === undefined) return null;
  const own = { ...key, id: randomUUID() };
  cloud.state.secrets.set(own.id, own);
  return own.id;
}

/** A full one of ours that stands in a manifest. */
function addBackup({ state }: EmbeddedCloud, volume: Volume, at: number): Backup {
  const time = new Date(Date.now() - MONTH_MS + at * 1000);
  const id = randomUUID();
  const tags = {
    run: randomUUID(),
    backup: id,
    owner: 'github:o/r:1:1',
    point: randomUUID(),
    chain: randomUUID(),
    position: '0',
    state: 'recorded',
    'volume-type-id': volume.typeId,
    'volume-type': 'standard',
    encrypted: String(volume.encryptionKeyId !== null),
    bootable: 'false',
  };
  const backup: Backup = {
    id,
    projectId: volume.projectId,
    userId: volume.userId,
    status: 'available',
    name: `${volume.name} ${time.toISOString()}`,
    description: `made by openstack-backup, run ${tags.run}`,
    volumeId: volume.id,
    snapshotId: null,
    parentId: null,
    size: volume.size,
    objectCount: 1,
    container: 'volumebackups',
    availabilityZone: 'nova',
    metadata: Object.fromEntries(
      Object.entries(tags).map(([key, value]) => [`openstack-backup:${key}`, value]),
    ),
    failReason: null,
    createdAt: time,
    updatedAt: time,
    dataTimestamp: time,
    encryptionKeyId: cloneOfKey(volume.encryptionKeyId),
    saved: null,
  };
  state.backups.set(backup.id, backup);
  return backup;
}

/** As `backup-volume` publishes them. */
async function writeManifests(directory: string): Promise<void> {
  for (let night = 0; night * volumes.length < backups.length; night += 1) {
    const saved = backups.slice(night * volumes.length, (night + 1) * volumes.length);
    const manifest = manifestOf(saved, night);
    const run = join(directory, `${stamp(manifest.run.started)}-${manifest.run.id.slice(0, 8)}`);
    await mkdir(run, { recursive: true });
    await writeFile(join(run, MANIFEST_FILE), await serialize(manifest));
  }
}

function manifestOf(saved: readonly Backup[], night: number): Manifest {
  const started = new Date(Date.now() - MONTH_MS + night * 86_400_000).toISOString();
  const project = demo();
  return {
    format: 'openstack-backup manifest',
    version: 1,
    run: { id: randomUUID(), tool: 'openstack-backup bench', started, finished: started },
    cloud: {
      authUrl: cloud.authUrl,
      region: 'RegionOne',
      project: { id: project.id, name: 'demo', domain: 'Default' },
    },
    restorePoints: saved.map(pointOf),
    failed: [],
  };
}

function pointOf(backup: Backup): VolumeBackupPoint {
  const volume = cloud.state.volumes.get(backup.volumeId ?? '') as Volume;
  const tag = (name: string) => backup.metadata[`openstack-backup:${name}`] ?? '';
  return {
    id: tag('point'),
    resource: {
      kind: 'volume',
      id: volume.id,
      name: volume.name ?? '',
      description: '',
      size: volume.size,
      type: { id: volume.typeId, name: 'standard' },
      availabilityZone: volume.availabilityZone,
      bootable: volume.bootable,
      multiattach: false,
      metadata: volume.metadata,
      imageMetadata: {},
      attachments: [],
      created: volume.createdAt.toISOString(),
      encryption: volume.encryptionKeyId === null ? null : encryptionOf(volume.encryptionKeyId),
    },
    method: 'cinder-backup',
    backup: {
      id: backup.id,
      size: backup.size,
      incremental: false,
      created: backup.createdAt.toISOString(),
      finished: backup.createdAt.toISOString(),
      dataTimestamp: backup.createdAt.toISOString(),
      availabilityZone: 'nova',
      container: 'volumebackups',
      keyId: backup.encryptionKeyId,
    },
    chain: { id: tag('chain'), position: 0, parent: null },
    reason: 'full backups were asked for',
    consistency: 'offline',
    seconds: 1,
  };
}

function encryptionOf(id: string): VolumeBackupPoint['resource']['encryption'] {
  const key = {
    secretType: 'symmetric',
    algorithm: 'AES',
    bitLength: 256,
    mode: 'XTS',
    expires: null,
  } as const;
  return {
    provider: 'luks',
    cipher: 'aes-xts-plain64',
    keySize: 256,
    key: { id, worth: 'cloud-only', ...key },
  };
}

async function writePlan(file: string): Promise<void> {
  const text = `version: 1
project: ${demo().id}
publish: ["directory:${DIRECTORY}"]
keep: {last: 2}
back-up:
  - {name: all, select: all, kinds: [volume], method: cinder-backup, every: 1d}
`;
  await writeFile(file, text);
}

function demo() {
  const project = [...cloud.state.projects.values()].find(({ name }) => name === 'demo');
  if (project === undefined) throw new Error('the cloud has no project demo');
  return project;
}

function stamp(iso: string): string {
  return iso.replace(/[-:]|\.\d+/g, '');
}
