import type { Inputs } from './table.ts';

/** The inputs of every command that reads a plan file. */
export const planFileInputs = {
  plan: {
    kind: 'text',
    placeholder: 'FILE',
    default: '.github/openstack-backup.yml',
    description: 'The plan file.',
  },
} as const satisfies Inputs;
