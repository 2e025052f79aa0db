import { serveInputs } from '../inputs/serve.ts';
import type { Outputs } from '../inputs/table.ts';
import { defineCommand } from './command.ts';

const outputs = {
  uri: { description: 'The NBD URI that was served.' },
  size: { json: true, description: 'Bytes of the disk.' },
  format: { description: 'Its disk format, such as raw or qcow2.' },
  fetched: { json: true, description: 'Bytes that came from the store.' },
  failures: { json: true, description: 'How many reads failed.' },
  luks: { description: 'With `unlock`, what was opened: version, cipher, key slot.' },
} as const satisfies Outputs;

export const serve = defineCommand({
  name: 'serve',
  summary:
    'Serve the disk of a restore point as a read-only network block device (NBD), without restoring it. Reads from the store only what is asked for. Ends with Ctrl-C.',
  examples: [
    {
      does: 'Serve the newest saved disk of a volume on a Unix socket',
      words: 'serve --manifest latest --volume db --socket db.sock',
    },
    {
      does: 'Serve the decrypted disk of an encrypted volume from a sealed store',
      words:
        'serve --manifest latest --volume vault --socket vault.sock --unlock --identity file:identity.txt',
    },
  ],
  inputs: serveInputs,
  outputs,
  run: async (context, given) => (await import('../run/index.ts')).serveDisk(context, given),
});
