import { cloudInputs } from './cloud.ts';
import { planLookInputs } from './plan-file.ts';
import type { Inputs } from './table.ts';

/** The inputs of `report`. */
export const reportInputs = {
  ...planLookInputs,
  'fail-on': {
    kind: 'list',
    placeholder: 'WHAT',
    description:
      'What makes the report fail, one or more of uncovered, stale, failing and unsaved-key; `none` for nothing. Default: what the plan says, else uncovered, stale and failing.',
  },
  ...cloudInputs,
} as const satisfies Inputs;
