import { randomBytes } from 'node:crypto';
import { expect } from '@jest/globals';
import { backupVolume } from '../../src/commands/backup-volume.ts';
import type { EmbeddedCloudOptions } from '../fakes/cloud/index.ts';
import { type EmbeddedWorld, embeddedWorld, SMALL_GIB } from '../scenarios/embedded.ts';
import { type Runner, runnerOf } from './faults.ts';

export interface StruckVolume {
  readonly world: EmbeddedWorld;
  readonly id: string;
  readonly digest: string;
  /** Of the one backup that it has. */
  readonly manifest: string;
  readonly run: Runner;
}

/** The worlds of a test. */
export class StruckVolumes {
  readonly #worlds: EmbeddedWorld[] = [];

  async world(options: EmbeddedCloudOptions = {}): Promise<EmbeddedWorld> {
    const world = await embeddedWorld({ tickMs: 2, gibBytes: SMALL_GIB, ...options });
    this.#worlds.push(world);
    return world;
  }

  /** One encrypted volume that was backed up once. */
  async prepared(): Promise<StruckVolume> {
    const world = await this.world();
    const run = runnerOf(world);
    const id = await world.makeVolume({
      name: 'db',
      type: 'luks',
      content: randomBytes(10_000),
      metadata: { k: 'v' },
    });
    const first = await run(backupVolume, { volumes: id });
    expect(first.code).toBe(0);
    return { world, id, digest: await world.digest(id), manifest: first.outputs['manifest'] ?? '', run };
  }

  async close(): Promise<void> {
    for (const world of this.#worlds.splice(0)) await world.close();
  }
}

/** What must hold after every run, whatever struck it: nothing half done, nothing of before touched. */
export function leftovers(world: EmbeddedWorld): string[] {
  const { backups, volumes } = world.cloud.state;
  return [
    ...[...backups.values()]
      .filter(({ status }) => status !== 'available')
      .map(({ id, status }) => `backup ${id} ${status}`),
    ...[...volumes.values()]
      .filter(({ description }) => /^openstack-backup /.test(description ?? ''))
      .map(({ id, status }) => `volume ${id} ${status}`),
  ];
}
