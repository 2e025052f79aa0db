import { cp, rm } from 'node:fs/promises';
import { describe, expect, it } from '@jest/globals';
import { actions } from '../../../src/commands/index.ts';
import { type EmbeddedWorld, embeddedWorld, SMALL_GIB } from '../../scenarios/embedded.ts';
import { runInProcess, type Told } from '../in-process.ts';
import type { Row, Words } from './row.ts';
import { bookmark, limitedTo, matches, type Rule, rulesOf } from './rules.ts';

/** @param rules of the credential; without, it can do all that its user can */
async function run(
  { cloud, directory, heard }: EmbeddedWorld,
  [name, inputs]: Words,
  rules?: readonly Rule[],
): Promise<Told> {
  const command = await actions[name]?.();
  if (command === undefined) throw new Error(`there is no command ${name}`);
  const told = await runInProcess(command, inputs, { environment: limitedTo(cloud, rules), directory });
  heard(told.log);
  return told;
}

/** What ended the run, and what failed of it alone. */
export function errors({ error, log }: Told): string {
  return [error, ...log.split('\n').filter((line) => line.startsWith('error: '))].join('\n');
}

/** Without ids and figures, which differ from run to run. */
function warnings({ log }: Told): string[] {
  const lines = log.split('\n').filter((line) => line.startsWith('warning: '));
  return lines.map((line) => line.replace(/[0-9a-f]{8}-[0-9a-f-]{27}|\d+/g, '#'));
}

/** Of each: its command works with its rules, and is refused, and says so, where one of them is missing. */
export function proveRows(rows: readonly Row[]): void {
  describe('access rules of an application credential', () => {
    it.each(rows)('$name: they are enough, and none is too many', async (row) => {
      const world = await embeddedWorld({ gibBytes: SMALL_GIB, capabilities: { luksHeaderInside: true } });
      const { cloud } = world;
      // What is in a store already is not asked of the cloud again.
      const before = `${world.directory}-before`;
      try {
        const words = await row.prepare(world, async (...given) => {
          const told = await run(world, given);
          expect([given[0], told.code, told.error]).toEqual([given[0], 0, '']);
          return told.outputs;
        });
        const all = rulesOf(...row.proved, ...(row.beside ?? []));
        const restore = bookmark(cloud);
        await cp(world.directory, before, { recursive: true });
        const whole = await run(world, words, all);
        expect([whole.code, errors(whole)]).toEqual([
          row.code ?? 0,
          expect.stringContaining(row.error ?? ''),
        ]);
        // Nor does a refusal hide beside the failure that is wanted.
        expect(errors(whole)).not.toContain('HTTP 401');
        restore();
        for (const left of rulesOf(...row.proved)) {
          const from = cloud.requests.length;
          const others = all.filter((rule) => rule !== left && JSON.stringify(rule) !== JSON.stringify(left));
          await rm(world.directory, { recursive: true });
          await cp(before, world.directory, { recursive: true });
          const told = await run(world, words, others);
          const refused = cloud.requests.slice(from).filter(({ status }) => status === 401);
          expect([left, refused.some((request) => matches(left, request))]).toEqual([left, true]);
          // What is refused is never passed over in silence. A busy machine warns of its clock as well, in either run.
          const known = new Set(warnings(whole));
          const isTold = told.code !== 0 || warnings(told).some((line) => !known.has(line));
          expect([left, isTold]).toEqual([left, true]);
          restore();
        }
      } finally {
        await rm(before, { recursive: true, force: true });
        await world.close();
      }
    });
  });
}
