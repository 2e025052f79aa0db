import { cloudInputs } from './cloud.ts';
import { manifestInputs } from './manifest.ts';
import { storeInputs } from './store.ts';
import type { Inputs } from './table.ts';

// No cloud is restored to.
const { at: _at, 'allow-other-project': _other, manifest, ...reading } = manifestInputs;

export const dumpInputs = {
  manifest: { ...manifest, required: true },
  volume: {
    kind: 'text',
    placeholder: 'VOLUME',
    description: 'The volume whose disk to write, by name or id.',
  },
  image: {
    kind: 'text',
    placeholder: 'IMAGE',
    description: 'The image whose disk to write, by name or id. Give either this or `volume`.',
  },
  ...storeInputs,
  to: {
    kind: 'text',
    placeholder: 'FILE|-',
    required: true,
    description:
      'Where to write the disk: a new file that only you can read, blocks of zeros left out; or standard output, which has bytes before all of them are checked, so look at the exit status.',
  },
  unlock: {
    kind: 'boolean',
    default: 'false',
    description: 'Decrypt the disk of an encrypted volume or image with its saved key.',
  },
  ...reading,
  ...cloudInputs,
} as const satisfies Inputs;
