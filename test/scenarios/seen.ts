import { appendFile } from 'node:fs/promises';
import { expect } from '@jest/globals';
import type { World } from './world.ts';

/** On which cloud a test ran: jest's report has no place for it, and `npm run support` wants to know. */
export interface WorldSeen {
  /** Jest's full name of the test. */
  readonly test: string;
  /** Milliseconds of the clock, within the test. */
  readonly at: number;
  /** What .ci/run calls itself; empty outside. */
  readonly run: string;
  readonly kind: World['kind'];
  readonly release: string;
}

/** Appends a line of JSON to the file that WORLDS_SEEN names, if it names one. */
export async function noteWorld(world: World): Promise<void> {
  const file = process.env['WORLDS_SEEN'];
  if (file === undefined) return;
  const seen: WorldSeen = {
    test: expect.getState().currentTestName ?? '',
    at: Date.now(),
    run: process.env['CI_RUN'] ?? '',
    kind: world.kind,
    release: await world.release(),
  };
  await appendFile(file, `${JSON.stringify(seen)}\n`);
}
