import { planShowInputs } from '../inputs/plan-show.ts';
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
  inputs: planShowInputs,
  outputs,
  run: async (context, given) => (await import('../run/index.ts')).showPlan(context, given),
});
