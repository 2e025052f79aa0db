import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type EmbeddedWorld, embeddedWorld, SMALL_GIB } from '../scenarios/embedded.ts';
import { expectExit } from '../scenarios/steps.ts';

let world: EmbeddedWorld;
beforeAll(async () => {
  world = await embeddedWorld({ tickMs: 2, gibBytes: SMALL_GIB });
  const bytes = randomBytes(50_000);
  bytes.write('SWAPSPACE2', 4086);
  world.cloud.seed.addVolume({ name: 'db', bytes });
  const { scope } = await world.session();
  const plan = (drill: string) => `version: 1
project: ${scope.project.id}
publish: ["directory:backups"]
keep: {last: 1, min-copies: 1}
back-up:
  - {name: all, select: all, kinds: [volume], every: 1d, max-chain: 1}
${drill}`;
  const wish = 'drill: {every: 1d, level: volume, max-age: 30d, rto: 2h}\n';
  await writeFile(join(world.directory, 'plan.yml'), plan(wish));
  await writeFile(join(world.directory, 'bare.yml'), plan(''));
  await writeFile(join(world.directory, 'boot.yml'), plan('drill: {every: 1d, level: boot}\n'));
  await apply();
}, 60_000);
afterAll(() => world.close());

const run = async (code: number, ...words: string[]) => expectExit(await world.tool(words), code);
const apply = () =>
  run(0, 'backup-volume', '--volumes', 'db', '--mode', 'full', '--publish', 'directory:backups', '--json');
interface Row {
  readonly name: string;
  readonly proved?: string;
  readonly restore?: string;
  readonly unproved?: boolean;
}
const report = async (code: number) => {
  const ran = await run(code, 'report', '--plan', 'plan.yml', '--json');
  return (ran.json['coverage'] as Row[]).find(({ name }) => name === 'db');
};

test('a plan asks for drills: red until one proved it, none before it is due, and the point that it proved stays', async () => {
  expect(await report(1)).toMatchObject({ unproved: true });
  const { json } = await run(0, 'drill', '--plan', 'plan.yml', '--json');
  expect(json).toMatchObject({ level: 'volume', passed: true, name: 'db' });
  const row = await report(0);
  expect(row).toMatchObject({
    proved: expect.stringMatching(/^L3, \d+ min ago$/),
    restore: expect.stringMatching(/^\d+ s, 95 % within \d+ s \(1 drill\)$/),
  });
  expect(row).not.toHaveProperty('unproved');
  const second = await run(0, 'drill', '--plan', 'plan.yml');
  expect(second.stdout).toContain('no drill is due: one every 1d');

  await apply();
  const pruned = await run(0, 'prune', '--plan', 'plan.yml', '--dry-run', '--allow-unsigned');
  expect(pruned.stdout).toContain('newest point proved to L3');
}, 60_000);

test.each([
  ['bare.yml', 'has no `drill`'],
  ['boot.yml', 'no network given for the server of the drill'],
  ['none.yml', 'there is no plan at none.yml'],
])('the plan %s is refused', async (plan, said) => {
  expect((await run(2, 'drill', '--plan', plan)).stderr).toContain(said);
});
