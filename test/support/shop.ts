import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SparseBytes } from '../fakes/cloud/index.ts';
import { type EmbeddedWorld, embeddedWorld } from '../scenarios/embedded.ts';
import { type Keeper, makeKeeper } from '../scenarios/sealed.ts';
import type { World } from '../scenarios/world.ts';

/**
 * Writes `plan.yml` for the project of this world, whose manifests stay in its directory.
 *
 * @param rest what comes after that
 * @returns its text
 */
export async function writePlan(world: World, rest: string): Promise<string> {
  const { project } = (await world.session('demo')).scope;
  const text = `version: 1\nproject: ${project.id}\npublish: ["directory:openstack-backups"]\n${rest}`;
  await writeFile(join(world.directory, 'plan.yml'), text);
  return text;
}

/** One project to apply a plan to. */
export interface Shop {
  readonly world: EmbeddedWorld;
  /** Its id. */
  readonly project: string;
  readonly keeper: Keeper;
  /** The text of `plan.yml`. */
  readonly plan: string;
}

/**
 * Something of each kind: a server with its disk, a volume that an entry of its own takes and one that is excluded, an
 * image and a key.
 *
 * @param keep a line of the plan
 */
export async function openShop(keep = ''): Promise<Shop> {
  const keeper = await makeKeeper();
  const world = await embeddedWorld({ tickMs: 2, gibBytes: 1024 ** 2 });
  const { seed } = world.cloud;
  const project = (await world.session('demo')).scope.project.id;
  seed.addVolume({ name: 'db', size: 2, metadata: { backup: 'db' } });
  const root = seed.addVolume({ name: 'root', size: 1, bootable: true });
  seed.addServer({ name: 'shop', volumes: [root] });
  seed.addVolume({ name: 'scratch-1' });
  await seed.addImage(SparseBytes.from(randomBytes(1000)), { name: 'golden' });
  seed.addSecret(randomBytes(32), { name: 'backup-key' });
  const plan = await writePlan(
    world,
    `recipients: [${keeper.recipient}]
store: directory:openstack-backups/payloads
${keep}back-up:
  - {name: databases, select: "metadata:backup=db", kinds: [volume], method: cinder-backup, every: 6h}
  - {name: rest, select: all, method: cinder-backup, every: 1d}
exclude:
  - {select: "name:scratch-*", reason: rebuilt by CI}
`,
  );
  return { world, project, keeper, plan };
}

/** Without more: the quota of backups that Cinder has by itself, and so most clouds. */
export async function limitBackups(world: EmbeddedWorld, backups = 10): Promise<void> {
  const { project } = (await world.session('demo')).scope;
  const own = world.cloud.state.projects.get(project.id);
  if (own === undefined) throw new Error('the project has no quota');
  Object.assign(own.quota, { backups, backupGigabytes: 1000 });
}
