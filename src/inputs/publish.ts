import type { Inputs, Outputs } from './table.ts';

/** The inputs of every command that makes a manifest. */
export const publishInputs = {
  publish: {
    kind: 'list',
    placeholder: 'PLACE',
    description:
      'Where to publish the manifest, one or more of `artifact`, `release`, ``store`` (beside the data, in `manifests`) and `directory:PATH` (in its own directory below PATH). Default: `artifact` in a workflow, `directory:openstack-backups` in a terminal.',
  },
  expiry: {
    kind: 'choice',
    choices: ['warn', 'any', 'outlive'],
    default: 'warn',
    description:
      'Whether the manifest may expire before the backups, as artifacts do. `warn` allows it with a warning, `any` without one, and `outlive` refuses it: `publish` must then name a place that keeps the manifest.',
  },
  'expiry-days': {
    kind: 'integer',
    default: '0',
    min: 0,
    max: 400,
    description: 'Days to keep the artifact; 0 for the setting of the repository.',
  },
  'release-tag': {
    kind: 'text',
    placeholder: 'TAG',
    description:
      'The tag of the release for `publish: release`, a new one for each run. Default: `openstack-backup/` and the time.',
  },
  recipients: {
    kind: 'list',
    placeholder: 'AGE',
    description:
      'The age recipients to seal to: keys, the data in `store`, and a manifest that goes to an artifact, a release or a store. A public repository needs at least one.',
  },
  'sign-key': {
    kind: 'text',
    secret: true,
    description: 'The ed25519 private key, in PEM, to sign the manifest with.',
  },
} as const satisfies Inputs;

export const publishOutputs = {
  manifest: {
    description:
      'The manifest in the first place of `publish`, as a restore takes it: a path, an address in a store, `artifact:RUN/NAME` or `release:TAG`.',
  },
  'manifest-sha256': { description: 'The SHA-256 of the manifest text, in lower-case hex.' },
  'artifact-id': { description: 'The id of the artifact, with `publish: artifact`.' },
  'release-url': { description: 'The URL of the release page, with `publish: release`.' },
} as const satisfies Outputs;
