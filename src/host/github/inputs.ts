import type { Inputs, Raw } from '../../inputs/table.ts';

/**
 * Inputs that every action has beside those of its command, where a terminal has flags. `github-token` is for what the
 * action reads and publishes on GitHub, and never leaves for the cloud.
 */
export const workflowInputs = {
  'dry-run': {
    kind: 'boolean',
    default: 'false',
    description: 'Check everything, show what would be done, and stop.',
  },
  'github-token': {
    kind: 'text',
    secret: true,
    // An expression of action.yml: the runner fills it in, and here it is only ever read from the environment.
    default: '$' + '{{ github.token }}',
    description:
      'The token for releases, and for artifacts of other runs. The job needs `permissions`: `actions: read` and `contents: read` to find manifests, `contents: write` to publish a release, `issues: write` for the issue of a plan.',
  },
} as const satisfies Inputs;

/** What the step was given, by the names of the table. The runner fills in the defaults of action.yml. */
export function readInputs(table: Inputs, environment: Readonly<Record<string, string | undefined>>): Raw {
  return Object.fromEntries(Object.keys(table).map((name) => [name, inputOf(name, environment)]));
}

/** As @actions/core reads it: upper case, spaces as `_`, hyphens kept, trimmed. */
export function inputOf(
  name: string,
  environment: Readonly<Record<string, string | undefined>>,
): string | undefined {
  const value = environment[`INPUT_${name.replaceAll(' ', '_').toUpperCase()}`]?.trim();
  return value === '' ? undefined : value;
}

/** The token, or undefined: an expression that no runner filled in is none. */
export function tokenOf(environment: Readonly<Record<string, string | undefined>>): string | undefined {
  const value = inputOf('github-token', environment);
  return value?.startsWith('$' + '{{') ? undefined : value;
}
