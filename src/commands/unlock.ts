import type { Inputs, Outputs } from '../inputs/table.ts';
import { defineCommand } from './command.ts';

const SECRET = 'env:NAME|file:PATH|-';

const inputs = {
  image: {
    kind: 'text',
    placeholder: 'PATH|-',
    required: true,
    description:
      'The encrypted image: a raw LUKS image, or a payload from the store, which may be sealed and compressed.',
  },
  key: {
    kind: 'text',
    placeholder: SECRET,
    required: true,
    description:
      'Where to read the key of the image (never give the key itself): the bytes of the secret, the same in hex, or the sealed payload from `export-secret`.',
  },
  'secret-type': {
    kind: 'choice',
    choices: ['symmetric', 'opaque', 'passphrase'],
    default: 'symmetric',
    description: 'The type of the secret in Barbican; a `passphrase` is used as it is.',
  },
  identity: {
    kind: 'text',
    placeholder: SECRET,
    description: 'Where to read the age identity that opens sealed data, as age-keygen writes it.',
  },
  output: {
    kind: 'text',
    placeholder: 'PATH|-',
    required: true,
    description: 'Where to write the decrypted image: a new file that only you can read, or standard output.',
  },
} as const satisfies Inputs;

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
  inputs,
  outputs,
  run: async (context, given) => (await import('../run/index.ts')).unlockImage(context, given),
});
