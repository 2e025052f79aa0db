import { listInputs } from './list.ts';
import { pruneInputs } from './prune.ts';
import type { Inputs } from './table.ts';

const { manifest, volume, server, image, secret, tag, since, at, offline } = listInputs;

/** What `verify` and `drill` choose restore points by. */
export const chosenInputs = {
  manifest,
  volume,
  server,
  image,
  secret,
  tag,
  since,
  at,
  offline,
} as const satisfies Inputs;

const { publish, recipients, 'sign-key': signKey } = pruneInputs;
const { workflow, branch, identity, 'verify-key': verifyKey } = listInputs;

/** How they open them, and where they record what they found. */
export const provingInputs = {
  publish: {
    ...publish,
    description:
      'Where to record the result: `artifact`, `release`, ``store`` or `directory:PATH`. Default: each place that has a manifest of these restore points.',
  },
  recipients,
  'sign-key': signKey,
  workflow,
  branch,
  identity,
  'verify-key': verifyKey,
} as const satisfies Inputs;
