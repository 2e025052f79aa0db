import { cloudInputs } from '../inputs/cloud.ts';
import { savingInputs, savingOutputs } from '../inputs/saving.ts';
import { storeInputs } from '../inputs/store.ts';
import type { Inputs } from '../inputs/table.ts';
import { defineCommand } from './command.ts';

const inputs = {
  ...cloudInputs,
  secrets: {
    kind: 'list',
    placeholder: 'SECRET',
    description: 'The secrets in Barbican to save, by id or name.',
  },
  volumes: {
    kind: 'list',
    placeholder: 'VOLUME',
    description:
      'The volumes that the keys to save belong to: ids, names, `metadata:KEY=VALUE` or `name:PATTERN`.',
  },
  backups: {
    kind: 'list',
    placeholder: 'BACKUP',
    description: 'The Cinder backups that the keys to save belong to.',
  },
  images: { kind: 'list', placeholder: 'IMAGE', description: 'The images that the keys to save belong to.' },
  plaintext: {
    kind: 'boolean',
    default: 'false',
    description:
      'Write the keys in clear, to files that only you can read. Works only in a terminal. Without it, keys are sealed to `recipients` or not written at all.',
  },
  ...storeInputs,
  ...savingInputs,
} as const satisfies Inputs;

export const exportSecret = defineCommand({
  name: 'export-secret',
  summary: 'Save keys from Barbican, sealed to age recipients.',
  examples: [
    { does: 'Save the key of a volume, sealed', words: 'export-secret --volumes vault --recipients age1…' },
    {
      does: 'Save a key in clear, to a file that only you can read',
      words: 'export-secret --secrets backup-key --plaintext',
    },
  ],
  inputs,
  outputs: savingOutputs,
  run: async (context, given) => (await import('../run/index.ts')).exportSecrets(context, given),
});
