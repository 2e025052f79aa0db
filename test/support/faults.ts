import { expect } from '@jest/globals';
import type { Clock } from '../../src/clock.ts';
import type { Command } from '../../src/commands/command.ts';
import type { Liveness } from '../../src/ports/owner.ts';
import type { FaultDeed } from '../fakes/cloud/index.ts';
import type { EmbeddedWorld } from '../scenarios/embedded.ts';
import { fastClock, runInProcess, type Told } from './in-process.ts';

/** What can happen to any request. */
export const FAULTS: Readonly<Record<string, { deed: FaultDeed; times?: number }>> = {
  '401 once': { deed: { status: 401 } },
  '401 always': { deed: { status: 401 }, times: Number.POSITIVE_INFINITY },
  '403': { deed: { status: 403 }, times: Number.POSITIVE_INFINITY },
  '409': { deed: { status: 409 }, times: Number.POSITIVE_INFINITY },
  '413': { deed: { status: 413, headers: { 'retry-after': '0' } }, times: Number.POSITIVE_INFINITY },
  '429 with Retry-After': { deed: { status: 429, headers: { 'retry-after': '2' } } },
  '500 once': { deed: { status: 500 } },
  '503 twice': { deed: { status: 503 }, times: 2 },
  '503 always': { deed: { status: 503 }, times: Number.POSITIVE_INFINITY },
  'a lost answer': { deed: 'lost-response' },
  'a lost request': { deed: 'connection-reset' },
  'a body cut short': { deed: 'cut-body' },
  'a slow body': { deed: { slowBody: 100 } },
};

export type Runner = (
  command: unknown,
  raw: Record<string, string>,
  more?: { readonly dryRun?: boolean; readonly others?: Liveness },
) => Promise<Told>;

/**
 * Runs commands in the world's directory without processes of their own; what they say is hunted for secrets.
 *
 * @param clockOf the clock of a run that begins now
 * @param also variables of its environment
 */
export function runnerOf(
  world: EmbeddedWorld,
  clockOf: () => Clock = fastClock,
  also: Readonly<Record<string, string>> = {},
): Runner {
  return async (command, raw, more) => {
    const environment = { ...world.cloud.openrc(), ...also };
    const told = await runInProcess(command as Command, raw, {
      environment,
      directory: world.directory,
      clock: clockOf(),
      ...more,
    });
    world.heard(JSON.stringify(told));
    world.heard(told.log);
    return told;
  };
}

/** A run that failed says of each thing once why, in a sentence that a person can use, and one that ended in an error only that. */
export function onlyOneClearError(told: Told): void {
  if (told.code === 0) return;
  // "Client error: " are words of the openstack client.
  const lines = told.log.split('\n').filter((line) => /(^|(?<!Client)\s)error: /.test(line));
  const errors = told.error === '' ? lines : [told.error, ...lines];
  expect(errors).not.toEqual([]);
  expect(errors).toEqual([...new Set(errors)]);
  if (told.error !== '') expect(errors).toHaveLength(1);
  for (const error of errors) {
    expect(error).toMatch(/cannot|failed|refuses|is gone|no .* endpoint|is damaged/);
    expect(error).not.toMatch(/TypeError|undefined|\[object/);
  }
  expect(told.log).not.toMatch(/TypeError|undefined|\[object/);
}
