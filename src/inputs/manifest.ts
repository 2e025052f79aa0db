import type { Inputs, Outputs, Values } from './table.ts';

/** The inputs of every command that reads a manifest. */
export const manifestInputs = {
  manifest: {
    kind: 'text',
    placeholder: 'REF',
    description:
      'The manifest to restore from: the path of the file or its directory, `artifact:RUN`, `artifact:RUN/NAME`, `artifact:RUN/NAME,NAME`, `release:TAG`, `latest`, `latest:store`, or `latest:PATH`. `latest` is the newest manifest that has what you ask for: in a workflow, among its artifacts and the releases; in a terminal, in `openstack-backups`. `latest:PATH` is the newest in a directory, and `latest:store` in the place that `store` gives.',
  },
  at: {
    kind: 'text',
    placeholder: 'TIME',
    description:
      'Restore as of this time: 2026-11-25, 2026-11-25T06:00:00Z, or how long ago: 36h, 14d, 8w. Takes the newest restore point up to then that is not broken, from all manifests. `manifest` may then be a place: `directory:PATH`, ``store``, `artifact` or `release`. Default: `latest`.',
  },
  workflow: {
    kind: 'text',
    placeholder: 'FILE',
    description:
      'Use artifacts of this workflow: its file name, such as `backup.yml`. Default: the running workflow for `latest`, any workflow for `artifact:RUN`.',
  },
  branch: {
    kind: 'text',
    placeholder: 'NAME',
    description: 'Use only runs on this branch. Default: the default branch.',
  },
  identity: {
    kind: 'text',
    secret: true,
    description:
      'The age identity that opens sealed data: `AGE-SECRET-KEY-…`, or the text of an identity file.',
  },
  'verify-key': {
    kind: 'text',
    placeholder: 'PATH',
    description:
      'The ed25519 public key to verify the signature of the manifest with: PEM text, or the path of a file.',
  },
  'allow-unsigned': {
    kind: 'boolean',
    default: 'false',
    description:
      'Restore even if the manifest is not signed or was altered. An artifact of a trusted run of the same repository needs no signature.',
  },
  'allow-other-project': {
    kind: 'boolean',
    default: 'false',
    description:
      'Restore even if the manifest names another cloud, region or project than the credentials do.',
  },
} as const satisfies Inputs;

export type ManifestInputs = Values<typeof manifestInputs>;

/** The output that names what a failed restore kept. */
export const keptOutput = {
  kept: {
    json: true,
    description: 'JSON: what a failed restore had completed and keeps, a list of {kind, id, name}.',
  },
} as const satisfies Outputs;
