import { randomBytes } from 'node:crypto';
import { expect } from '@jest/globals';
import { realWorld } from '../cloud/world.ts';
import { endAt } from '../scenarios/interrupted.ts';
import { expectExit, inventory, manifestOf, type Scenario } from '../scenarios/steps.ts';
import { suite } from '../scenarios/suite.ts';
import { machine } from '../support/machine.ts';
import type { Ran } from '../support/tool.ts';

const HOURS = 3_600_000;
const ROUNDS = 2;

/** Two slim containers of one name, without a machine id, on two hosts; the clock of one of them is two hours off. */
const atOnce = (ahead: number): Scenario => ({
  name: `two machines back up and restore in one project at once, the clock of one ${ahead / HOURS} hours ahead: neither takes anything of the other, killed runs' included`,
  async run(world) {
    const [right, wrong] = await Promise.all(
      [0, ahead].map((off, at) =>
        machine({
          hostname: 'backup',
          machineId: '',
          bootId: `0000000${at}-0000-4000-8000-000000000000`,
          ahead: off,
        }),
      ),
    );
    if (right === undefined || wrong === undefined) throw new Error('no machines');
    const store = `directory:${world.directory}/payloads`;
    const volumes = await Promise.all(
      ['one', 'two'].map((name) => world.makeVolume({ name, content: randomBytes(100_000) })),
    );
    const digests = await Promise.all(volumes.map((id) => world.digest(id)));

    // What a killed run of the one leaves is not the other's: its machine cannot be seen, and its time is not over.
    const first = expectExit(
      await world.tool(['backup-volume', '--volumes', volumes[0] ?? '', '--json'], right),
      0,
    );
    const killed = await world.tool(['restore-volume', '--manifest', manifestOf(first), '--allow-unsigned'], {
      ...right,
      onOutput: endAt(' is being made from backup', 'SIGKILL'),
    });
    expect(killed.code).not.toBe(0);

    const said: string[] = [];
    const work = async (on: Awaited<ReturnType<typeof machine>>, at: number): Promise<void> => {
      const id = volumes[at] ?? '';
      const run = async (...words: string[]): Promise<Ran> => {
        const ran = expectExit(await world.tool([...words, '--json'], on), 0);
        said.push(...ran.stderr.split('\n').map((line) => `machine ${at}: ${line}`));
        return ran;
      };
      for (let round = 0; round < ROUNDS; round += 1) {
        const saved = await run('backup-volume', '--volumes', id, '--method', 'image', '--store', store);
        const again = await run('backup-volume', '--volumes', id);
        const stored = await run(
          'restore-volume',
          '--manifest',
          manifestOf(saved),
          '--store',
          store,
          '--allow-unsigned',
          '--name',
          `stored-${at}-${round}`,
        );
        const restored = await run(
          'restore-volume',
          '--manifest',
          manifestOf(again),
          '--allow-unsigned',
          '--name',
          `restored-${at}-${round}`,
        );
        for (const ran of [stored, restored])
          expect(await world.digest(String(ran.json['volume-id']), 1 << 20)).toBe(
            await world.digest(id, 1 << 20),
          );
      }
    };
    await Promise.all([work(right, 0), work(wrong, 1)]);

    const removed = said.filter((line) => /left by an interrupted run, (is|would be) removed/.test(line));
    expect(removed).toEqual([]);
    expect(
      said
        .filter((line) => /the clock of this machine is/.test(line))
        .every((line) => line.startsWith('machine 1: warning: ')),
    ).toBe(true);
    expect(said.filter((line) => /the clock of this machine is/.test(line)).length).toBeGreaterThanOrEqual(
      ROUNDS * 4,
    );
    expect(said.join('\n')).not.toContain('the token is valid for');
    const names = (await inventory(world)).join('\n');
    for (const at of [0, 1])
      for (let round = 0; round < ROUNDS; round += 1)
        for (const what of ['stored', 'restored']) expect(names).toContain(`"${what}-${at}-${round}"`);
    // The killed restore's volume is there still, under its telling name.
    expect(names).toContain('"one (restore not finished)"');
    expect(await Promise.all(volumes.map((id) => world.digest(id)))).toEqual(digests);
    process.stdout.write(
      `${said.length} lines by two machines, ${ROUNDS * 8} runs, nothing removed; for example:\n${said
        .filter((line) => /clock of this machine|restored|saved as|is available/.test(line))
        .slice(0, 12)
        .join('\n')}\n`,
    );
  },
});

suite(
  'two machines at once, on the real cloud',
  [atOnce(2 * HOURS), atOnce(-2 * HOURS)],
  realWorld,
  1_800_000,
  ['unshare'],
);
