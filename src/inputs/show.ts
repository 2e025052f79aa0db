import { listInputs } from './list.ts';
import type { Inputs, Values } from './table.ts';

const resource = (kind: string, placeholder: string) =>
  ({
    kind: 'text',
    placeholder,
    description: `The newest restore point of this ${kind}, by name or id.`,
  }) as const;

const { tag: _tag, since: _since, column: _column, sort: _sort, ...shared } = listInputs;

export const showInputs = {
  ...shared,
  point: {
    kind: 'text',
    placeholder: 'ID',
    description: 'The restore point to show, by its id or that of its Cinder backup or image.',
  },
  volume: resource('volume', 'VOLUME'),
  server: resource('server', 'SERVER'),
  image: resource('image', 'IMAGE'),
  secret: resource('Barbican secret', 'ID'),
  at: {
    kind: 'text',
    placeholder: 'TIME',
    description:
      'With a resource: its newest restore point up to this time that is not broken, which is the one that a restore with `at` uses.',
  },
  format: {
    kind: 'choice',
    choices: ['table', 'value', 'json', 'yaml'],
    default: 'table',
    description: 'How to print it.',
  },
} as const satisfies Inputs;

export type ShowInputs = Values<typeof showInputs>;
