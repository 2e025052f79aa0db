import { cloudInputs } from '../inputs/cloud.ts';
import { manifestInputs } from '../inputs/manifest.ts';
import { onlyInputs, planLookInputs } from '../inputs/plan-file.ts';
import type { Outputs } from '../inputs/table.ts';
import { defineCommand } from './command.ts';

const outputs = {
  resources: {
    json: true,
    description:
      'JSON: every resource of the project and what each entry of the plan does with it, a list of {kind, name, id, entry, state, newest, way, why}; state: due, not due, under way, refused, excluded, not in the plan.',
  },
  quota: {
    json: true,
    description: 'JSON: {before, after}, each a list of texts such as "9 of 10 backups".',
  },
  matrix: {
    json: true,
    description:
      'JSON: with `matrix`, the value for `strategy.matrix` of a job, {include: a list of {name, only, gigabytes}}; pass each `only` to `apply`.',
  },
  prune: {
    json: true,
    description:
      'JSON: what `apply` would delete, {digest, points: a list of {point, kind, id, name, time, keep, reasons, data, manifests}, manifests}, if the plan has `keep`. None with `matrix` or `only`.',
  },
  doubts: {
    json: true,
    description: 'JSON: what is probably a mistake, such as a selector that matches nothing.',
  },
} as const satisfies Outputs;

export const planShow = defineCommand({
  name: 'plan show',
  bare: 'plan',
  summary: 'Show what is due now, what would be saved and deleted, and why, and the quota before and after.',
  examples: [
    {
      does: 'Show everything that the plan says is due',
      words: 'plan show --plan .github/openstack-backup.yml',
    },
    {
      does: 'Show the same with downloaded manifests',
      words: 'plan show --manifest directory:downloads --identity file:identity.txt',
    },
  ],
  inputs: {
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
    ...cloudInputs,
  },
  outputs,
  run: async (context, given) => (await import('../run/index.ts')).showPlan(context, given),
});
