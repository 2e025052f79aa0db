import { dumpInputs } from '../inputs/dump.ts';
import type { Outputs } from '../inputs/table.ts';
import { defineCommand } from './command.ts';

const outputs = {
  size: { json: true, description: 'Bytes of the disk.' },
  format: { description: 'Its disk format, such as raw or qcow2.' },
  sha256: { description: 'The SHA-256 of what was written.' },
  luks: { description: 'With `unlock`, what was opened: version, cipher, key slot.' },
} as const satisfies Outputs;

export const dump = defineCommand({
  name: 'dump',
  summary: 'Write the disk of a restore point from the store to a file or standard output.',
  examples: [
    {
      does: 'Write the newest saved disk of a volume to a new file',
      words: 'dump --manifest latest --volume db --to db.raw',
    },
    {
      does: 'Decrypt the disk of an encrypted volume from a sealed store',
      words: 'dump --manifest latest --volume vault --to vault.raw --unlock --identity file:identity.txt',
    },
  ],
  inputs: dumpInputs,
  outputs,
  run: async (context, given) => (await import('../run/index.ts')).dumpDisk(context, given),
});
