import { describe, expect, test } from '@jest/globals';
import { planVolumes, type SavingWishes } from '../../../../src/backup/volume/plan.ts';
import {
  type BackupPlan,
  type CinderSaving,
  saveThroughCinder,
} from '../../../../src/backup/volume/through-cinder.ts';
import { InputError } from '../../../../src/errors.ts';
import { getVolume } from '../../../../src/openstack/blockstorage/v3/volumes.ts';
import type { PayloadStore } from '../../../../src/payload/store.ts';
import { openEmbedded } from '../../../support/embedded.ts';

async function open(type = 'luks') {
  const opened = await openEmbedded();
  const { cloud, session } = opened;
  const seeded = cloud.seed.addVolume({ name: 'vault', type });
  const client = await session.service('block-storage');
  const plan = async (method: SavingWishes['method'], payloads?: Partial<PayloadStore>) => {
    const wishes = { mode: 'auto', maxChain: 7, method, payloads } as SavingWishes;
    return planVolumes(client, [await getVolume(client, seeded.id)], [], [], wishes);
  };
  return { ...opened, client, seeded, plan };
}

describe('encrypted data leaves the cloud', () => {
  test('only with its key, and that only sealed', async () => {
    await using on = await open();
    expect((await on.plan('image', { sealed: true })).plans).toHaveLength(1);
    await expect(on.plan('image', { sealed: false })).rejects.toThrow(InputError);
    await expect(on.plan('image', { sealed: false })).rejects.toThrow('leaves the cloud only sealed');
  });

  test('not at all where the cloud does not tell its key', async () => {
    await using on = await open();
    on.seeded.encryptionKeyId = '00000000-0000-0000-0000-000000000000';
    const { plans, refused } = await on.plan('image', { sealed: true });
    expect(plans).toEqual([]);
    expect(refused.map(({ error }) => error.message)).toEqual([
      `volume ${on.seeded.id} is encrypted with a key that the cloud does not show, so its data would be useless outside the cloud`,
    ]);
    expect((await on.plan('cinder-backup', { sealed: true })).plans).toHaveLength(1);
  });
});

// Each in a cloud of its own: the volume is being backed up once it is asked for.
test('a backup is waited for no longer than its run may take', async () => {
  const waitedUntil = async (untilOf: (now: number) => number) => {
    await using on = await open('standard');
    const [plan] = (await on.plan('cinder-backup')).plans;
    const end = untilOf(on.session.clock.now());
    const given: number[] = [];
    const marks = { corrected: (backups: unknown) => backups };
    const until = async (_id: string, _look: unknown, { deadline }: { deadline: number }) => {
      given.push(deadline);
      throw new Error('waited for');
    };
    const saving = { ...on.environment, client: on.client, until: end, backups: { until }, tags: [], marks };
    const saved = saveThroughCinder(plan as BackupPlan, saving as unknown as CinderSaving);
    await expect(saved).rejects.toThrow('waited for');
    return { end, deadline: given[0], waits: given.length };
  };
  const short = await waitedUntil((now) => now + 60_000);
  expect(short).toMatchObject({ deadline: short.end, waits: 1 });
  const long = await waitedUntil(() => Number.POSITIVE_INFINITY);
  expect(long.waits).toBe(1);
  expect(long.deadline).toBeGreaterThan(short.end);
  expect(long.deadline).toBeLessThan(Number.POSITIVE_INFINITY);
});

describe('a volume in a state that Cinder backs up nothing in', () => {
  test.each([
    ['reserved', 'unshelve'],
    ['attaching', 'Wait until the cloud is done with it.'],
    ['error', 'Ask the operator to reset its state'],
  ] as const)('%s is refused, and told what to do', async (status, hint) => {
    await using on = await open('standard');
    on.seeded.status = status;
    const { plans, refused } = await on.plan('cinder-backup');
    expect(plans).toEqual([]);
    expect(refused.map(({ error }) => error.hint)).toEqual([expect.stringContaining(hint)]);
  });
});
