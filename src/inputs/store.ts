import type { Inputs } from './table.ts';

/** Where payloads are, for saving and restoring alike. */
export const storeInputs = {
  store: {
    kind: 'text',
    placeholder: 'PLACE',
    description:
      'The place for data outside the cloud: `directory:PATH`. Default in a terminal: `directory:openstack-backups/payloads`.',
  },
} as const satisfies Inputs;

export const packInputs = {
  ...storeInputs,
  compression: {
    kind: 'choice',
    choices: ['zstd', 'none'],
    default: 'zstd',
    description: 'How to compress data that leaves the cloud.',
  },
} as const satisfies Inputs;
