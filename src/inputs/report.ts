import { cloudInputs } from './cloud.ts';
import { planLookInputs } from './plan-file.ts';
import type { Inputs } from './table.ts';

/** Of the commands that report: whom else they tell. */
export const tellInputs = {
  heartbeat: {
    kind: 'text',
    secret: true,
    placeholder: 'URL',
    description:
      'The ping URL of a check, as healthchecks.io has it: called with `/start`, then as it is, or with `/fail`. So somebody notices if no run starts.',
  },
} as const satisfies Inputs;

/** The inputs of `report`. */
export const reportInputs = {
  ...planLookInputs,
  'fail-on': {
    kind: 'list',
    placeholder: 'WHAT',
    description:
      'What makes the report fail, one or more of uncovered, stale, failing and unsaved-key; `none` for nothing. Default: what the plan says, else uncovered, stale and failing.',
  },
  ...tellInputs,
  ...cloudInputs,
} as const satisfies Inputs;
