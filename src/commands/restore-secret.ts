import { cloudInputs } from '../inputs/cloud.ts';
import { manifestInputs } from '../inputs/manifest.ts';
import { storeInputs } from '../inputs/store.ts';
import type { Inputs } from '../inputs/table.ts';
import { defineCommand } from './command.ts';

const inputs = {
  ...cloudInputs,
  ...manifestInputs,
  secrets: {
    kind: 'list',
    placeholder: 'SECRET',
    description: 'The keys to restore from the manifest, by id or name. Default: all of them.',
  },
  ...storeInputs,
  name: {
    kind: 'text',
    placeholder: 'NAME',
    description: 'The name of the restored secret, if you restore only one. Default: the recorded name.',
  },
} as const satisfies Inputs;

const outputs = {
  'secret-id': {
    description: 'The id of the restored secret, which is always a new one; the first, if there are several.',
  },
  secrets: { json: true, description: 'JSON: the new id for each old id, {"OLD": "NEW"}.' },
  missing: { json: true, description: 'JSON: what differs from the original, a list of phrases.' },
} as const;

export const restoreSecret = defineCommand({
  name: 'restore-secret',
  summary: 'Restore keys to Barbican, from a manifest and the age identity that opens them.',
  examples: [
    {
      does: 'Restore all keys of the newest manifest',
      words: 'restore-secret --manifest latest --identity file:identity.txt',
    },
    {
      does: 'Restore one key, under another name',
      words:
        'restore-secret --manifest latest --secrets backup-key --name restored --identity env:BACKUP_IDENTITY',
    },
  ],
  inputs,
  outputs,
  run: async (context, given) => (await import('../run/index.ts')).restoreGivenSecrets(context, given),
});
