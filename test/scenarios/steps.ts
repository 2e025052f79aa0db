import { type Backup, listBackups } from '../../src/openstack/blockstorage/v3/backups.ts';
import { collect } from '../../src/pool.ts';
import type { Ran } from '../support/tool.ts';
import { takeInventory } from './holdings.ts';
import type { Person, World } from './world.ts';

/** A scenario: what it is called, and what it does on any world. */
export interface Scenario<W extends World = World> {
  readonly name: string;
  run(world: W): Promise<void>;
}

interface Point {
  readonly id: string;
  readonly volume: string;
  readonly name: string;
  readonly backup: string;
  readonly mode: string;
}

export function pointsOf(ran: Ran): Point[] {
  return ran.json['restore-points'] as Point[];
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

/** What a refused or failed run must not change: all that the project has, with its state, metadata and properties. */
export async function inventory(world: World, user?: Person): Promise<string[]> {
  const kinds = await takeInventory(await world.session(user));
  return [...kinds].flatMap(([kind, held]) => held.map(({ raw }) => `${kind} ${JSON.stringify(raw)}`)).sort();
}
