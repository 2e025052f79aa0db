import type { Outputs } from '../inputs/table.ts';
import { verifyInputs } from '../inputs/verify.ts';
import { defineCommand } from './command.ts';

const outputs = {
  verified: {
    json: true,
    description:
      'JSON: the restore points, a list of {point, kind, id, name, time, level, sampled, fault, unsure, seen}; `level` is the deepest that all of it reached, or null; `sampled` is the percentage of its objects that were read, if not all; `fault` is damage, and `unsure` says what could not be looked at.',
  },
  failed: {
    json: true,
    description: 'JSON: what did not pass, a list of {kind, id, name, point, error}.',
  },
  seed: { description: 'With `sample`, the seed that draws the same again.' },
  manifest: { description: 'The record of the result.' },
} as const satisfies Outputs;

export const verify = defineCommand({
  name: 'verify',
  summary: 'Verify that restore points are what was saved, and record how deep.',
  examples: [
    {
      does: 'Compare every stored byte with what was stored',
      words: 'verify --store s3://backups/production',
    },
    {
      does: 'Open the newest restore point of a volume and look for its file system',
      words: 'verify --volume db --at 0h --level L2 --identity file:identity.txt',
    },
  ],
  inputs: verifyInputs,
  outputs,
  run: async (context, given) => (await import('../run/index.ts')).verifyPoints(context, given),
});
