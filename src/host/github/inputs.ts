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

/**
 * Inputs of one action alone, about the job that it runs in.
 *
 * The runner evaluates `job.status` anew for the post step, since it fills in defaults in each stage
 * (https://github.com/actions/runner/blob/main/src/Runner.Worker/ActionRunner.cs, `EvaluateDefaultInput`), and allows
 * `job` there (`input-default-context` in action_yaml.json). No variable has it: actions/runner#2911.
 */
export const actionInputs: Readonly<Record<string, Inputs>> = {
  drill: {
    verdict: {
      kind: 'text',
      default: '$' + '{{ job.status }}',
      description:
        'With `hold`: what decides when the job ends, as an expression that says `success` or `failure` then. Default: the state of the job. With `steps.ID.outcome`, one step decides alone.',
    },
  },
};

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
