import type { Inputs } from './table.ts';

/** Where payloads lie: the same for who saves and who restores. */
export const storeInputs = {
  store: {
    kind: 'text',
    placeholder: 'PLACE',
    description:
      'Where the bytes lie that left the cloud: `directory:PATH`. If not said, in a terminal, `directory:openstack-backups/payloads`.',
  },
} as const satisfies Inputs;

export const packInputs = {
  ...storeInputs,
  compression: {
    kind: 'choice',
    choices: ['zstd', 'none'],
    default: 'zstd',
    description: 'How the bytes are packed that leave the cloud.',
  },
} as const satisfies Inputs;
