import type { Inputs, Values } from './table.ts';

/** The inputs that choose the cloud, for every command. */
export const cloudInputs = {
  cloud: {
    kind: 'text',
    placeholder: 'NAME',
    description: 'The entry of clouds.yaml to use. Default: OS_CLOUD, the OS_* variables, or the only entry.',
  },
  'clouds-yaml': {
    kind: 'text',
    secret: true,
    description: 'The text of a clouds.yaml, used instead of the file.',
  },
  region: { kind: 'text', placeholder: 'NAME', description: 'The region, if the cloud has several.' },
  project: {
    kind: 'text',
    placeholder: 'ID',
    description:
      'Continue only if the credentials are for this project (id or name): a guard against the wrong cloud.',
  },
} as const satisfies Inputs;

export type CloudInputs = Values<typeof cloudInputs>;
