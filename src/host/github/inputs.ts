import type { Inputs, Raw } from '../../inputs/table.ts';

/**
 * Inputs that every action has besides those of its command; a terminal has flags instead. `github-token` is for
 * reading and publishing on GitHub, and is never sent to the cloud.
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
    // An expression for action.yml, which the runner evaluates: our code reads only the result, from the environment.
    default: '$' + '{{ github.token }}',
    description:
      'The token for releases, and for artifacts of other runs. The job needs `permissions`: `actions: read` and `contents: read` to find manifests, `contents: write` to publish a release, `issues: write` for the issue of a plan.',
  },
} as const satisfies Inputs;

/** Reads the inputs that the table names. The runner fills in the defaults of action.yml. */
export function readInputs(table: Inputs, environment: Readonly<Record<string, string | undefined>>): Raw {
  return Object.fromEntries(Object.keys(table).map((name) => [name, inputOf(name, environment)]));
}

/** Reads an input as @actions/core does: name in upper case, spaces as `_`, hyphens kept; value trimmed. */
export function inputOf(
  name: string,
  environment: Readonly<Record<string, string | undefined>>,
): string | undefined {
  const value = environment[`INPUT_${name.replaceAll(' ', '_').toUpperCase()}`]?.trim();
  return value === '' ? undefined : value;
}

/** The token; undefined if it is missing, or an expression that no runner evaluated. */
export function tokenOf(environment: Readonly<Record<string, string | undefined>>): string | undefined {
  const value = inputOf('github-token', environment);
  return value?.startsWith('$' + '{{') ? undefined : value;
}
