import { type Backup, listBackups } from '../../src/openstack/blockstorage/v3/backups.ts';
import { listVolumes } from '../../src/openstack/blockstorage/v3/volumes.ts';
import { collect } from '../../src/pool.ts';
import { readTags } from '../../src/temporaries/backup-tags.ts';
import type { Ran } from '../support/tool.ts';
import type { Person, World } from './world.ts';

/** A scenario: what it is called, and what it does on any world. */
export interface Scenario {
  readonly name: string;
  run(world: World): Promise<void>;
}

interface Point {
  readonly id: string;
  readonly volume: string;
  readonly name: string;
  readonly backup: string;
  readonly mode: string;
}

export function pointsOf(ran: Ran): Point[] {
  return JSON.parse(String(ran.json['restore-points']));
}

export function manifestOf(ran: Ran): string {
  return String(ran.json['manifest']);
}

/** Fails with all that was printed. */
export function expectExit(ran: Ran, code: number): Ran {
  if (ran.code !== code) throw new Error(`exit ${ran.code} instead of ${code}\n${ran.stdout}\n${ran.stderr}`);
  return ran;
}

export async function backUp(world: World, names: readonly string[], ...more: string[]): Promise<Ran> {
  const flags = names.flatMap((name) => ['--volumes', name]);
  return expectExit(await world.tool(['backup-volume', ...flags, ...more, '--json']), 0);
}

export async function restore(world: World, ...flags: string[]): Promise<string> {
  const ran = expectExit(await world.tool(['restore-volume', ...flags, '--allow-unsigned', '--json']), 0);
  return String(ran.json['volume-id']);
}

export async function backupsOf(world: World, user?: Person): Promise<Backup[]> {
  return collect(listBackups(await (await world.session(user)).service('block-storage')));
}

/** What a refused or failed run must not change: volumes and backups with their states. */
export async function inventory(world: World, user?: Person): Promise<string[]> {
  const client = await (await world.session(user)).service('block-storage');
  const volumes = await collect(listVolumes(client));
  const backups = await collect(listBackups(client));
  return [
    ...volumes.map(
      ({ id, status, name, metadata }) => `volume ${id} ${status} ${name} ${JSON.stringify(metadata)}`,
    ),
    ...backups.map(({ id, status, metadata }) => `backup ${id} ${status} ${readTags({ metadata })?.state}`),
  ].sort();
}
