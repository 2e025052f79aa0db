import { cloudInputs } from './cloud.ts';
import { chosenInputs, provingInputs } from './proving.ts';
import { storeInputs } from './store.ts';
import type { Inputs, Values } from './table.ts';

export const verifyInputs = {
  ...chosenInputs,
  at: {
    ...chosenInputs.at,
    description: `${chosenInputs.at.description} \`at: 0h\` is the newest of each.`,
  },
  level: {
    kind: 'choice',
    choices: ['L0', 'L1a', 'L1b', 'L2'],
    default: 'L1a',
    description:
      'How deep to look. `L0`: the manifest is unaltered, and all that it needs is there. `L1a`: every stored byte is what was stored. `L1b`: opened, everything is what was saved. `L2`: the saved key opens what is encrypted, and the rest begins with a partition table or file system. `L1b` and `L2` need `identity` for what is sealed; the others need no secret.',
  },
  sample: {
    kind: 'text',
    placeholder: 'PERCENT',
    description:
      'Read only a random part, such as 5%: of the stored objects for `L1a`, of the restore points for `L1b` and `L2`. The run says how likely that misses damage. Default: read everything.',
  },
  seed: {
    kind: 'text',
    placeholder: 'N',
    description: 'Draw the same sample as an earlier run, which told its seed.',
  },
  ...storeInputs,
  ...provingInputs,
  ...cloudInputs,
} as const satisfies Inputs;

export type VerifyInputs = Values<typeof verifyInputs>;
