import type { Inputs } from './table.ts';

const SECRET = 'env:NAME|file:PATH|-';

export const unlockInputs = {
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
