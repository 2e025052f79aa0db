import type { Outputs } from '../inputs/table.ts';
import { unlockInputs } from '../inputs/unlock.ts';
import { defineCommand } from './command.ts';

const outputs = {
  luks: { description: 'What was opened: version, cipher, key slot.' },
  size: { json: true, description: 'The size of the decrypted image, in bytes.' },
  sha256: { description: 'The SHA-256 of the decrypted image.' },
} as const satisfies Outputs;

export const unlock = defineCommand({
  name: 'unlock',
  summary:
    'Decrypt the image of an encrypted volume, without a cloud or root. With `dry-run`, show how to do it by hand.',
  examples: [
    {
      does: 'Decrypt the image of an encrypted volume to a new file',
      words: 'unlock --image vault.img --key file:vault.key --output vault.raw',
    },
    {
      does: 'Show how to decrypt it by hand',
      words: 'unlock --image vault.img --key file:vault.key --output vault.raw --dry-run',
    },
  ],
  inputs: unlockInputs,
  outputs,
  run: async (context, given) => (await import('../run/index.ts')).unlockImage(context, given),
});
