import { diskInputs } from './serve.ts';
import type { Inputs } from './table.ts';

const path = { kind: 'text', placeholder: 'PATH' } as const;

const filesInputs = {
  ...diskInputs,
  partition: {
    kind: 'integer',
    default: '0',
    min: 0,
    max: 128,
    description: 'The partition to look into, 1 for the first. 0: the only one with an ext file system.',
  },
} as const satisfies Inputs;

export const filesListInputs = {
  ...filesInputs,
  path: { ...path, default: '/', description: 'The directory or file in the file system.' },
} as const satisfies Inputs;

export const filesGetInputs = {
  ...filesInputs,
  path: { ...path, required: true, description: 'The file in the file system.' },
  to: {
    kind: 'text',
    placeholder: 'FILE|-',
    required: true,
    description: 'Where to write it: a new file that only you can read, or standard output.',
  },
} as const satisfies Inputs;
