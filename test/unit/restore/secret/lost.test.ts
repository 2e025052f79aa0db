import { randomBytes } from 'node:crypto';
import { afterEach, expect, test } from '@jest/globals';
import { exportSecret } from '../../../../src/commands/export-secret.ts';
import { restoreSecret } from '../../../../src/commands/restore-secret.ts';
import { type EmbeddedWorld, embeddedWorld } from '../../../scenarios/embedded.ts';
import { makeKeeper } from '../../../scenarios/sealed.ts';
import { fastClock, runInProcess } from '../../../support/in-process.ts';

let world: EmbeddedWorld | undefined;
afterEach(async () => world?.close());

/** Cinder's keys have no name, and nothing else tells one that is still empty from another. */
async function saved(name: string | null) {
  world = await embeddedWorld({ tickMs: 2 });
  const { state, seed, openrc } = world.cloud;
  const keeper = await makeKeeper();
  const key = seed.addSecret(randomBytes(32), { name, secretType: 'symmetric' });
  const options = { environment: openrc(), directory: world.directory };
  const told = await runInProcess(exportSecret, { secrets: key.id, recipients: keeper.recipient }, options);
  const raw = {
    manifest: told.outputs['manifest'] ?? '',
    identity: keeper.environment.IDENTITY,
    'allow-unsigned': 'true',
  };
  return {
    world,
    state,
    key,
    restore: (clock = fastClock()) => runInProcess(restoreSecret, raw, { ...options, clock }),
  };
}

test.each([
  ['a key with a name', 'a key'],
  ['a key without a name', null],
])(
  '%s is made anew where the answer is lost, and the stray is told, whatever the clock of this machine says',
  async (_, name) => {
    const { world, state, key, restore } = await saved(name);
    for (const hours of [-48, 0, 48]) {
      const { now, sleep } = fastClock();
      const before = new Set(state.secrets.keys());
      world.cloud.faults.add({
        when: { method: 'POST', path: /\/secrets$/, times: 1 },
        do: 'lost-response',
      });
      const told = await restore({ now: () => now() + hours * 3_600_000, sleep });
      expect([hours, told.code, told.error]).toEqual([hours, 0, '']);
      const made = [...state.secrets.values()].filter(({ id }) => !before.has(id));
      const strays = made.filter(({ payload }) => payload === null);
      const whole = made.filter(({ payload }) => payload?.equals(key.payload ?? Buffer.of()));
      expect([made.length, whole.length, strays.length]).toEqual([2, 1, 1]);
      expect(told.log).toContain(`openstack secret delete ${strays[0]?.id}`);
    }
  },
  30_000,
);

test('an empty one that was there before is another’s, and is left alone', async () => {
  const { world, state, restore } = await saved('a key');
  const other = world.cloud.seed.addSecret(randomBytes(16), { name: 'a key', secretType: 'symmetric' });
  Object.assign(other, { payload: null, contentType: null });
  world.cloud.faults.add({
    when: { method: 'POST', path: /\/secrets$/, times: 1 },
    do: 'connection-reset',
  });
  const told = await restore();
  expect([told.code, told.error]).toEqual([0, '']);
  expect(state.secrets.get(other.id)?.payload).toBeNull();
  expect(told.outputs['secrets']).not.toContain(other.id);
  expect(told.log).not.toContain(`openstack secret delete ${other.id}`);
}, 30_000);

test('an empty one that another run makes at the same time has its record, and is left alone', async () => {
  const { world, state, restore } = await saved(null);
  let other: string | undefined;
  world.cloud.faults.add({
    when: {
      method: 'POST',
      path: /\/secrets$/,
      times: 1,
      body: () => {
        if (other !== undefined) return true;
        const made = world.cloud.seed.addSecret(randomBytes(16), { name: null, secretType: 'symmetric' });
        Object.assign(made, { payload: null, contentType: null, metadata: { 'openstack-backup': 'x' } });
        other = made.id;
        return true;
      },
    },
    do: 'connection-reset',
  });
  const told = await restore();
  expect([told.code, told.error]).toEqual([0, '']);
  expect(state.secrets.get(other ?? '')?.payload).toBeNull();
  expect(told.log).not.toContain(`openstack secret delete ${other}`);
}, 30_000);
