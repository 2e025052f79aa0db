import { deepStrictEqual, doesNotMatch, match, notStrictEqual } from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { standing } from '../support/standing.ts';
import { carryOut, step, type World } from './world.ts';

/** The server of a drill, asked by a later step. Of the server "shop", which the plan saved. */
export async function heldStory(world: World): Promise<void> {
  const { cloud, github } = world;
  const programs = join(world.directory, 'programs');
  const asked = join(world.directory, 'asked');
  const answering = (status: number) => `#!/bin/sh\necho "$@" >> '${asked}'\nexit ${status}\n`;
  const drilled = async (status: number) => {
    await mkdir(programs, { recursive: true });
    await writeFile(join(programs, 'curl'), answering(status), { mode: 0o700 });
    const released = github.state.releases.length;
    const before = standing(cloud);
    const ended = await carryOut(world, {
      event: 'schedule',
      example: 'drill-check.yml',
      programs,
      variables: { DRILL_SERVER: 'shop', DRILL_NETWORK: 'private', DRILL_GROUPS: 'default' },
    });
    await cloud.ticks.settle();
    deepStrictEqual([...standing(cloud).keys()].sort(), [...before.keys()].sort());
    // The other stories take the newest ones for theirs.
    const records = github.state.releases.splice(released);
    return {
      ...ended,
      recorded: records
        .flatMap(({ assets }) => assets)
        .map(({ bytes }) => String(bytes))
        .join('\n'),
    };
  };

  await step(
    'a server held for a later step, which asks it: the post step removes and records it',
    async () => {
      const { exit, log, recorded } = await drilled(0);
      deepStrictEqual([exit, exit === 0 ? '' : log], [0, '']);
      match(await readFile(asked, 'utf8'), /http:\/\/10\.0\.0\.\d+\/health/);
      match(log, /stands for the later steps until/);
      match(log, /Drill of server "shop".*: passed/);
      match(recorded, /"reached": ?"L5"/);
    },
  );

  await step('a later step that says no: the drill has failed, and everything is removed too', async () => {
    const { exit, log, recorded } = await drilled(22);
    notStrictEqual(exit, 0);
    match(log, /the check said no: a later step of the job failed/);
    doesNotMatch(recorded, /"reached": ?"L5"/);
    match(recorded, /"result": ?"failed"/);
  });
}
