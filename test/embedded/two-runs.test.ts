import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { apply } from '../../src/commands/apply.ts';
import type { Volume } from '../fakes/cloud/index.ts';
import { type EmbeddedWorld, embeddedWorld, SMALL_GIB } from '../scenarios/embedded.ts';
import { runnerOf } from '../support/faults.ts';
import { writePlan } from '../support/shop.ts';

let world: EmbeddedWorld;
beforeAll(async () => {
  world = await embeddedWorld({ tickMs: 30, gibBytes: SMALL_GIB });
}, 60_000);
afterAll(() => world.close(), 60_000);

test('two runs of a plan at once back each volume up once, and neither fails', async () => {
  const { seed, state } = world.cloud;
  const volumes: Volume[] = [];
  for (let number = 0; number < 12; number += 1)
    volumes.push(seed.addVolume({ name: `disk-${number}`, bytes: randomBytes(4096) }));
  const plan = 'back-up: [{name: nightly, select: all, kinds: [volume], method: cinder-backup, every: 1d}]\n';
  await writePlan(world, plan);
  const run = runnerOf(world);
  const given = { plan: 'plan.yml', 'allow-unsigned': 'true' };
  const both = await Promise.all([0, 1].map(() => run(apply, given, { others: 'alive' })));
  expect(both.map(({ code, error, outputs }) => [code, error, outputs['failed'] ?? '[]'])).toEqual([
    [0, '', '[]'],
    [0, '', '[]'],
  ]);
  const made = Map.groupBy(state.backups.values(), ({ volumeId }) => volumeId);
  expect(volumes.map(({ id }) => made.get(id)?.length)).toEqual(volumes.map(() => 1));

  const again = await run(apply, given, { others: 'alive' });
  expect([again.code, again.outputs['due']]).toEqual([0, '0']);
  expect(state.backups.size).toBe(volumes.length);
}, 60_000);
