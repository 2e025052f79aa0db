import { join } from 'node:path';
import type { World } from '../../scenarios/world.ts';
import { writePlan } from '../shop.ts';
import { CINDER, type Row, type Unlimited, volume, type Words } from './row.ts';

/** @returns the inputs that name the plan of this world's project */
async function plan(world: World, more = ''): Promise<Readonly<Record<string, string>>> {
  await writePlan(
    world,
    `back-up: [{name: all, select: all, method: cinder-backup, max-chain: 1, every: 1d}]\n${more}`,
  );
  return { plan: join(world.directory, 'plan.yml') };
}

async function saved(world: World, run: Unlimited, times = 1): Promise<void> {
  const volumes = await volume(world);
  for (let time = 0; time < times; time += 1)
    await run('backup-volume', { ...CINDER, mode: 'full', volumes });
}

const looking = (
  name: string,
  words: (world: World) => Promise<Words>,
  lists: Pick<Row, 'proved' | 'beside'>,
): Row => ({
  name,
  anywhere: true,
  ...lists,
  async prepare(world, run) {
    await saved(world, run);
    return words(world);
  },
});

/** What only looks, and `apply`, which needs the lists of what it does. */
export const lookingRows: readonly Row[] = [
  looking('list', async () => ['list', {}], { proved: ['list'] }),
  looking('show', async () => ['show', { volume: 'db' }], { proved: ['list'] }),
  looking('report', async (world) => ['report', await plan(world)], { proved: ['report'] }),
  looking('plan-show', async (world) => ['plan-show', await plan(world)], { proved: [], beside: ['report'] }),
  {
    name: 'apply, of volumes by Cinder backups',
    anywhere: true,
    proved: [],
    beside: ['backup-volume', 'report'],
    async prepare(world) {
      await volume(world);
      return ['apply', await plan(world)];
    },
  },
  {
    name: 'apply, which deletes what no rule keeps',
    anywhere: true,
    proved: [],
    beside: ['backup-volume', 'report', 'prune'],
    async prepare(world, run) {
      await saved(world, run, 2);
      const keep = 'keep: {last: 1, min-copies: 1}';
      return ['apply', { ...(await plan(world, keep)), 'allow-unsigned': 'true' }];
    },
  },
];
