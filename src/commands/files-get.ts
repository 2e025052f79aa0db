import { filesGetInputs } from '../inputs/files.ts';
import type { Outputs } from '../inputs/table.ts';
import { defineCommand } from './command.ts';

const outputs = {
  size: { json: true, description: 'Bytes of the file.' },
  sha256: { description: 'The SHA-256 of what was written.' },
  fetched: { json: true, description: 'Bytes that came from the store.' },
} as const satisfies Outputs;

export const filesGet = defineCommand({
  name: 'files get',
  bare: 'path',
  summary:
    'Write one file of a disk in the store to this machine, without restoring the disk. Reads ext2, ext3 and ext4.',
  examples: [
    {
      does: 'Write one file of a volume to a new file',
      words: 'files get /etc/hosts --manifest latest --volume db --to hosts',
    },
    {
      does: 'Show a file of an encrypted volume',
      words:
        'files get /etc/fstab --manifest latest --volume vault --to - --unlock --identity file:identity.txt',
    },
  ],
  inputs: filesGetInputs,
  outputs,
  run: async (context, given) => (await import('../run/index.ts')).getFile(context, given),
});
