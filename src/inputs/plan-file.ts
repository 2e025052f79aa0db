import { listInputs } from './list.ts';
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

const { manifest, workflow, branch, identity, 'verify-key': verifyKey } = listInputs;

/** The inputs of commands that can do a part of a plan. */
export const onlyInputs = {
  only: {
    kind: 'list',
    placeholder: 'KIND:ID',
    description:
      'Only these resources, such as volume:ID, as the matrix of `plan-show` lists them for each job. Default: all that are due.',
  },
} as const satisfies Inputs;

/** The inputs of commands that check what was saved. */
export const planLookInputs = {
  ...planFileInputs,
  manifest: {
    ...manifest,
    description:
      'Where to look for manifests, one or more of `artifact`, `release`, ``store`` and `directory:PATH`. Default: where the plan publishes.',
  },
  workflow,
  branch,
  identity,
  'verify-key': verifyKey,
} as const satisfies Inputs;
