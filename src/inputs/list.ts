import { manifestInputs } from './manifest.ts';
import type { Inputs, Values } from './table.ts';

const { workflow, branch, identity, 'verify-key': verifyKey } = manifestInputs;

const resource = (kind: string, placeholder: string) =>
  ({
    kind: 'list',
    placeholder,
    description: `Only points of this ${kind}, by name or id.`,
  }) as const;

/** The inputs of `list`. */
export const listInputs = {
  manifest: {
    kind: 'list',
    placeholder: 'PLACE',
    description:
      'Where manifests are, one or several: `artifact`, `release`, or `directory:PATH`. If not said, `artifact` and `release` in a workflow and `directory:openstack-backups` in a terminal.',
  },
  volume: resource('volume', 'VOLUME'),
  server: resource('server', 'SERVER'),
  image: resource('image', 'IMAGE'),
  secret: resource('secret of Barbican', 'ID'),
  since: {
    kind: 'text',
    placeholder: 'TIME',
    description:
      'Only points from this time on: 2026-11-25, 2026-11-25T06:00:00Z, or how long ago: 36h, 14d, 8w.',
  },
  at: {
    kind: 'text',
    placeholder: 'TIME',
    description:
      'Of each resource only the newest point that is not later: what a restore as of that time has.',
  },
  format: {
    kind: 'choice',
    choices: ['table', 'value', 'csv', 'json', 'yaml'],
    default: 'table',
    description: 'How the list is printed.',
  },
  column: {
    kind: 'list',
    placeholder: 'NAME',
    description:
      'Which columns, of time, kind, name, id, point, method, chain, size, consistency, key, data, manifest, doubt, project.',
  },
  sort: {
    kind: 'text',
    placeholder: 'COLUMN',
    default: 'time:desc',
    description: 'The column that the list is sorted by; COLUMN:desc for the largest first.',
  },
  workflow,
  branch,
  identity,
  'verify-key': verifyKey,
} as const satisfies Inputs;

export type ListInputs = Values<typeof listInputs>;
