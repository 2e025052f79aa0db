import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type EmbeddedWorld, embeddedWorld, SMALL_GIB } from '../scenarios/embedded.ts';
import { endAt } from '../scenarios/interrupted.ts';
import { expectExit } from '../scenarios/steps.ts';

let world: EmbeddedWorld;
beforeAll(async () => {
  world = await embeddedWorld({ tickMs: 100, gibBytes: SMALL_GIB });
  const bytes = randomBytes(50_000);
  bytes.write('SWAPSPACE2', 4086);
  world.cloud.seed.addVolume({ name: 'db', bytes });
  expectExit(await world.tool(['backup-volume', '--volumes', 'db', '--method', 'cinder-backup']), 0);
}, 60_000);
afterAll(() => world.close());

const WORDS = ['drill', '--volume', 'db', '--level', 'volume', '--json'];
const held = () => {
  const { volumes, images, snapshots } = world.cloud.state;
  return [volumes, images, snapshots].map((all) => [...all.values()].map(({ name }) => name));
};
const nothingElse = [['db'], ['tiny'], []];

test.each([' is being made', ' is being read back'])(
  'killed when a volume%s: the next runs remove what it left, and no backup takes it',
  async (at) => {
    const killed = await world.tool(WORDS, { onOutput: endAt(at, 'SIGKILL') });
    expect(killed.code).not.toBe(0);
    expect(held()).not.toEqual(nothingElse);
    const plan = expectExit(
      await world.tool(['backup-volume', '--volumes', 'all', '--dry-run', '--json']),
      0,
    );
    expect(JSON.stringify(plan.json)).not.toContain('drill of');
    // What the cloud still works on when the next run looks waits for the one after it.
    for (let run = 0; run < 2; run++)
      expect(expectExit(await world.tool(WORDS), 0).json).toMatchObject({ passed: true });
    expect(held()).toEqual(nothingElse);
  },
  60_000,
);

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s: exit %i, and nothing is left', async (signal, code) => {
  const stopped = await world.tool(WORDS, { onOutput: endAt(' is being read back', signal) });
  expectExit(stopped, code);
  await world.cloud.ticks.settle();
  expect(held()).toEqual(nothingElse);
});
