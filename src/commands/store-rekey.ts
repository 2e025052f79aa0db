import { cloudInputs } from '../inputs/cloud.ts';
import { publishInputs } from '../inputs/publish.ts';
import { storeInputs } from '../inputs/store.ts';
import type { Inputs, Outputs } from '../inputs/table.ts';
import { defineCommand } from './command.ts';

const inputs = {
  ...storeInputs,
  recipients: {
    ...publishInputs.recipients,
    description: 'All age recipients that backups are to be sealed to from now on.',
  },
  ...cloudInputs,
} as const satisfies Inputs;

const outputs = {
  opens: {
    json: true,
    description:
      'JSON: what each recipient can open, a list of {recipient, given, resources, points, oldest, newest, bytes}; `recipient` is null for what lies in clear.',
  },
} as const satisfies Outputs;

export const storeRekey = defineCommand({
  name: 'store rekey',
  bare: 'store',
  summary: 'Show who can open what in a store, and what other recipients would change.',
  examples: [
    { does: 'Show who can open what', words: 'store rekey s3://backups/production' },
    {
      does: 'Add a recipient',
      words: 'store rekey s3://backups/production --recipients age1…,age1…',
    },
  ],
  inputs,
  outputs,
  run: async (context, given) => (await import('../run/index.ts')).rekeyStore(context, given),
});
