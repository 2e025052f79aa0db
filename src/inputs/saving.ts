import { publishInputs, publishOutputs } from './publish.ts';
import type { Inputs, Outputs } from './table.ts';

/** The inputs and outputs of every command that makes restore points. */
export const savingInputs = {
  deadline: {
    kind: 'integer',
    default: '0',
    min: 0,
    max: 100_000,
    description:
      'Minutes after which the run ends and publishes what it has; 0 for never. Below the time limit of the job.',
  },
  ...publishInputs,
} as const satisfies Inputs;

export const savingOutputs = {
  ...publishOutputs,
  'restore-points': {
    json: true,
    description:
      'JSON: what was saved, a list of {id, kind, resource, name, method} and what the method adds: {backup, mode, sizeBytes} of a Cinder backup, {payload, sizeBytes} of what left the cloud.',
  },
  failed: { json: true, description: 'JSON: what was not, a list of {id, name, error}.' },
} as const satisfies Outputs;
