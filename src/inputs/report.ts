import { cloudInputs } from './cloud.ts';
import { planLookInputs } from './plan-file.ts';
import { storeAccessInputs } from './store.ts';
import type { Inputs } from './table.ts';

/** Where commands that report send the result, besides their output. */
export const tellInputs = {
  badge: {
    kind: 'text',
    placeholder: 'PATH',
    description:
      'Where to write a badge: the JSON of a shields.io endpoint, with how many resources are covered, stale and so on.',
  },
  heartbeat: {
    kind: 'text',
    secret: true,
    placeholder: 'URL',
    description:
      'The ping URL of a check, such as those of healthchecks.io, so that somebody notices if no run starts. The run calls it with `/start` appended when it begins. When it ends, it calls the URL itself, or with `/fail` if the run failed.',
  },
} as const satisfies Inputs;

const { 'store-key': _key, bandwidth: _rate, ...reachInputs } = storeAccessInputs;

export const reportInputs = {
  ...planLookInputs,
  'fail-on': {
    kind: 'list',
    placeholder: 'WHAT',
    description:
      'What makes the report fail, one or more of uncovered, stale, failing and unsaved-key; `none` for nothing. Default: as the plan says, or else uncovered, stale and failing.',
  },
  ...reachInputs,
  ...tellInputs,
  ...cloudInputs,
} as const satisfies Inputs;
