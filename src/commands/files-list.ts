import { filesListInputs } from '../inputs/files.ts';
import type { Outputs } from '../inputs/table.ts';
import { defineCommand } from './command.ts';

const outputs = {
  files: {
    json: true,
    description:
      'JSON: a list of {name, kind, size, mode, uid, gid, modified}; kind is `file`, `directory`, `link` or `other`.',
  },
  fetched: { json: true, description: 'Bytes that came from the store.' },
} as const satisfies Outputs;

export const filesList = defineCommand({
  name: 'files list',
  bare: 'path',
  summary: 'List a directory of a disk in the store, without restoring it. Reads ext2, ext3 and ext4.',
  examples: [
    { does: 'List a directory of a volume', words: 'files list /etc --manifest latest --volume db' },
    {
      does: 'List the root of the second partition of an encrypted volume',
      words:
        'files list --manifest latest --volume vault --unlock --partition 2 --identity file:identity.txt',
    },
  ],
  inputs: filesListInputs,
  outputs,
  run: async (context, given) => (await import('../run/index.ts')).listFiles(context, given),
});
