import { cloudInputs } from './cloud.ts';
import { manifestInputs } from './manifest.ts';
import { onlyInputs, planLookInputs } from './plan-file.ts';
import { storeAccessInputs } from './store.ts';
import type { Inputs } from './table.ts';

export const planShowInputs = {
  ...planLookInputs,
  ...onlyInputs,
  'allow-unsigned': {
    ...manifestInputs['allow-unsigned'],
    description: 'Show what would be deleted even if manifests are not signed or were altered.',
  },
  matrix: {
    kind: 'integer',
    default: '0',
    min: 0,
    max: 256,
    description:
      'Divide what is due into at most this many jobs of about the same size, listed in the output of the same name; 0 for no matrix.',
  },
  ...storeAccessInputs,
  ...cloudInputs,
} as const satisfies Inputs;
