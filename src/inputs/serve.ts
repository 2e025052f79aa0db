import { dumpInputs } from './dump.ts';
import type { Inputs } from './table.ts';

const { to: _to, unlock: _unlock, volume, image, ...rest } = dumpInputs;

/** What `serve` and `files` share: which disk, and what opens it. */
export const diskInputs = {
  ...rest,
  volume: { ...volume, description: 'The volume whose disk to read, by name or id.' },
  image: {
    ...image,
    description: 'The image whose disk to read, by name or id. Give either this or `volume`.',
  },
  unlock: {
    kind: 'boolean',
    default: 'false',
    description: 'Open the disk of an encrypted volume or image with its saved key.',
  },
} as const satisfies Inputs;

export const serveInputs = {
  ...diskInputs,
  socket: {
    kind: 'text',
    placeholder: 'PATH',
    description:
      'The Unix socket to serve on: a new one, which only you can use, and which is there as soon as the disk can be read.',
  },
  listen: {
    kind: 'text',
    placeholder: '127.0.0.1:PORT',
    description:
      'Serve on a TCP port of this machine instead, where all its users can read the disk: 127.0.0.1:10809, or port 0 for a free one. No other address is taken.',
  },
} as const satisfies Inputs;
