import { InputError } from '../errors.ts';

/**
 * An input in the one table that a command has. The table drives parsing and checks, and generates `--help`,
 * `action.yml` and the README tables.
 */
interface InputBase {
  /** One or two sentences. */
  readonly description: string;
  /** What stands for the value in `--help`: "PATH", "ID". */
  readonly placeholder?: string;
  readonly required?: true;
  /** A terminal takes it as `env:NAME`, `file:PATH` or `-`, never in clear. Masked as soon as it is read. */
  readonly secret?: true;
}

export type Input =
  | (InputBase & { readonly kind: 'text'; readonly default?: string })
  /** One item a line, or separated by commas; with `lines`, commas are part of the item. */
  | (InputBase & { readonly kind: 'list'; readonly default?: string; readonly lines?: true })
  | (InputBase & { readonly kind: 'boolean'; readonly default: 'true' | 'false' })
  | (InputBase & {
      readonly kind: 'integer';
      readonly default: string;
      readonly min: number;
      readonly max: number;
    })
  | (InputBase & { readonly kind: 'choice'; readonly default: string; readonly choices: readonly string[] });

export type Inputs = Readonly<Record<string, Input>>;
export interface Output {
  readonly description: string;
  /** Whether the value is JSON, which a terminal nests in its own. An action's outputs are strings. */
  readonly json?: true;
}

export type Outputs = Readonly<Record<string, Output>>;

/** A use of a command in a terminal. */
export interface Example {
  /** "Back up every volume", without a stop. */
  readonly does: string;
  /** What follows `openstack-backup`. */
  readonly words: string;
}

/** A command as users see it; the source of `--help`, `action.yml` and the READMEs. */
export interface CommandTable<I extends Inputs = Inputs, O extends Outputs = Outputs> {
  /** One word, or two: "plan check". */
  readonly name: string;
  /** The input that a word without an option sets. */
  readonly bare?: keyof I & string;
  readonly summary: string;
  /** Two, for `--help`. */
  readonly examples: readonly [Example, Example];
  readonly inputs: I;
  readonly outputs: O;
}

type ValueOf<I extends Input> = I extends { kind: 'boolean' }
  ? boolean
  : I extends { kind: 'integer' }
    ? number
    : I extends { kind: 'list' }
      ? readonly string[]
      : I extends { kind: 'choice'; choices: readonly (infer C)[] }
        ? C
        : I extends { required: true } | { default: string }
          ? string
          : string | undefined;

export type Values<T extends Inputs> = { readonly [K in keyof T]: ValueOf<T[K]> };

/** What was given, before any check. An empty value counts as missing. */
export type Raw = Readonly<Record<string, string | undefined>>;

/** @throws InputError that lists every problem */
export function parseInputs<T extends Inputs>(table: T, raw: Raw): Values<T> {
  const problems: string[] = [];
  const values: Record<string, unknown> = {};
  for (const name of Object.keys(raw))
    if (!Object.hasOwn(table, name)) problems.push(`unknown input \`${name}\``);
  for (const [name, input] of Object.entries(table)) {
    const given = raw[name] === undefined || raw[name] === '' ? input.default : raw[name];
    if (given === undefined && input.required) problems.push(`\`${name}\` is required: ${input.description}`);
    else values[name] = parseValue(name, input, given, problems);
  }
  if (problems.length > 0) throw new InputError(problems.join('; '), 'Nothing was changed.');
  return values as Values<T>;
}

function parseValue(name: string, input: Input, given: string | undefined, problems: string[]): unknown {
  switch (input.kind) {
    case 'text':
      return given;
    case 'list':
      return (given ?? '')
        .split(input.lines ? '\n' : /[\n,]/)
        .map((item) => item.trim())
        .filter((item) => item !== '');
    case 'boolean':
      // Accepts YAML 1.2's core schema, as @actions/core does: a typo must not become false.
      if (!/^(true|True|TRUE|false|False|FALSE)$/.test(given ?? ''))
        problems.push(`\`${name}\` is "${given}": use true or false`);
      return given?.toLowerCase() === 'true';
    case 'integer': {
      const value = Number(given);
      if (!/^-?\d+$/.test(given ?? '') || value < input.min || value > input.max)
        problems.push(`\`${name}\` is "${given}": use a whole number from ${input.min} to ${input.max}`);
      return value;
    }
    case 'choice':
      if (!input.choices.includes(given ?? ''))
        problems.push(`\`${name}\` is "${given}": use ${input.choices.join(', ')}`);
      return given;
  }
}
