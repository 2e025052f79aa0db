import { publishInputs, publishOutputs } from './publish.ts';
import type { Inputs, Outputs } from './table.ts';
import { tagInputs } from './tag.ts';

/** The inputs and outputs of every command that makes restore points. */
export const savingInputs = {
  ...tagInputs,
  deadline: {
    kind: 'integer',
    default: '0',
    min: 0,
    max: 100_000,
    description:
      'Minutes after which the run ends and publishes what it has; 0 for no deadline. Set it below the time limit of the job.',
  },
  ...publishInputs,
} as const satisfies Inputs;

export const savingOutputs = {
  ...publishOutputs,
  'restore-points': {
    json: true,
    description:
      'JSON: what was saved, a list of {id, kind, resource, name, method}, with {backup, mode, sizeBytes} for a Cinder backup, {payload, sizeBytes} for data that left the cloud, and for a disk in a store {sent, takenOver} too: bytes sent, and bytes of the disk that were there already.',
  },
  failed: { json: true, description: 'JSON: what was not saved, a list of {id, name, error}.' },
} as const satisfies Outputs;
