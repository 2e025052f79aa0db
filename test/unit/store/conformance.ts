import { atOnce } from './cases/at-once.ts';
import { bytesAndNames } from './cases/bytes-and-names.ts';
import { deadRuns } from './cases/dead-runs.ts';
import { folders } from './cases/folders.ts';
import { ranges } from './cases/ranges.ts';
import { trouble } from './cases/trouble.ts';
import { unfinished } from './cases/unfinished.ts';
import type { PlaceCase } from './place-under-test.ts';

/** Those that need neither a full place nor one that is locked. */
export const peacefulCases: readonly PlaceCase[] = [
  ...bytesAndNames,
  ...ranges,
  ...folders,
  ...unfinished,
  ...atOnce,
  ...deadRuns,
];

/** What holds for every place of a store: the contract of `src/store/place.ts`. Each case has an empty place to itself. */
export const placeCases: readonly PlaceCase[] = [...peacefulCases, ...trouble];
