import { cloudInputs } from '../inputs/cloud.ts';
import { publishInputs } from '../inputs/publish.ts';
import { storeInputs } from '../inputs/store.ts';
import type { Inputs, Outputs } from '../inputs/table.ts';
import { defineCommand } from './command.ts';

const inputs = {
  ...storeInputs,
  keys: {
    kind: 'text',
    placeholder: 'PATH',
    default: 'openstack-backup-keys',
    description: 'A new directory for the keys, readable by you alone.',
  },
  recipients: {
    ...publishInputs.recipients,
    description: 'The age recipients of others who should be able to open the data too.',
  },
  ...cloudInputs,
} as const satisfies Inputs;

const outputs = {
  keys: { description: 'The directory with the keys.' },
  recipients: { description: 'What to give as `recipients` to each backup.' },
} as const satisfies Outputs;

export const storeInit = defineCommand({
  name: 'store init',
  bare: 'store',
  summary: 'Try a store, and make the keys for it.',
  examples: [
    { does: 'Make the keys for a bucket', words: 'store init s3://backups/production' },
    {
      does: 'With a second person who can open the data',
      words: 'store init s3://backups/production --recipients age1…',
    },
  ],
  inputs,
  outputs,
  run: async (context, given) => (await import('../run/index.ts')).initStore(context, given),
});
