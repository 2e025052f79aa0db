import { parseArgs } from 'node:util';
import { InputError } from '../../errors.ts';
import type { Inputs, Raw } from '../../inputs/table.ts';
import { quoted } from '../../text/escape.ts';
import { nearest } from '../../text/nearest.ts';

/** Options of the terminal itself, besides the inputs of the command. */
export const switches = {
  json: 'Print the result, or the plan of a dry run, as one JSON object on standard output.',
  'dry-run': 'Check everything, show what would be done, and stop.',
  verbose: 'Show each request to the cloud.',
  help: 'Show this help.',
  version: 'Show the version.',
} as const;

export type Switch = keyof typeof switches;

export interface Parsed {
  readonly switches: Readonly<Record<Switch, boolean>>;
  /** As given; secrets still as `env:`, `file:` or `-`. */
  readonly raw: Raw;
}

type Token = NonNullable<ReturnType<typeof parseArgs>['tokens']>[number];
type OptionToken = Extract<Token, { kind: 'option' }>;

function tokensOf(words: readonly string[], table: Inputs): readonly Token[] {
  const isBoolean = (name: string) => table[name]?.kind === 'boolean';
  const { tokens } = parseArgs({
    args: [...words],
    options: {
      ...Object.fromEntries(
        Object.keys(table).map((name) => [name, { type: isBoolean(name) ? 'boolean' : 'string' }] as const),
      ),
      ...Object.fromEntries(Object.keys(switches).map((name) => [name, { type: 'boolean' }] as const)),
      help: { type: 'boolean', short: 'h' },
    },
    // We check the options: parseArgs shows values in its errors, and has no "did you mean".
    strict: false,
    allowPositionals: true,
    allowNegative: true,
    tokens: true,
  });
  return tokens;
}

/** A command, and the words without it. */
interface Among {
  readonly name: string | undefined;
  readonly rest: readonly string[];
}

/**
 * Finds the command among the words.
 *
 * @param table loads the inputs of all commands, only if options precede the command
 * @param names of all commands
 * @throws InputError for an option before the command that no command has
 */
export async function commandAmong(
  words: readonly string[],
  table: () => Promise<Inputs>,
  names: readonly string[] = [],
): Promise<Among> {
  const first = await firstAmong(words, table);
  if (!names.some((name) => name.startsWith(`${first.name} `))) return first;
  const second = await firstAmong(first.rest, table);
  return second.name === undefined ? first : { name: `${first.name} ${second.name}`, rest: second.rest };
}

async function firstAmong(words: readonly string[], table: () => Promise<Inputs>): Promise<Among> {
  const [first] = words;
  if (first === undefined || !first.startsWith('-')) return { name: first, rest: words.slice(1) };
  const inputs = await table();
  const tokens = tokensOf(words, inputs);
  for (const [at, token] of tokens.entries()) {
    if (token.kind === 'option') checkName(token, inputs);
    else if (token.kind === 'positional' && valueOfBoolean(tokens[at - 1], token, inputs) === undefined)
      return { name: token.value, rest: words.toSpliced(token.index, 1) };
  }
  return { name: undefined, rest: words };
}

/**
 * Parses the options; the words no longer hold the command's name. An option given twice adds a line to a list, and is
 * an error for any other kind.
 *
 * @param bare the input that a word without an option sets
 * @throws InputError; never shows the value of a secret
 */
export function parseArguments(words: readonly string[], table: Inputs, bare?: string): Parsed {
  const given: Record<Switch, boolean> = {
    json: false,
    'dry-run': false,
    verbose: false,
    help: false,
    version: false,
  };
  const raw: Record<string, string> = {};
  const tokens = tokensOf(words, table);
  // A stray word may be the rest of a secret that was not quoted.
  const hides = tokens.some((token) => token.kind === 'option' && table[token.name]?.secret === true);
  for (const [at, token] of tokens.entries()) {
    if (token.kind === 'option-terminator') continue;
    if (token.kind === 'positional') {
      if (valueOfBoolean(tokens[at - 1], token, table) === undefined) takeBare(raw, bare, token.value, hides);
      continue;
    }
    checkName(token, table);
    const value = givenValue(token, tokens[at + 1], table);
    if (isSwitch(token.name)) given[token.name] = asBoolean(token.name, value);
    else if (!Object.hasOwn(raw, token.name)) raw[token.name] = value;
    else if (table[token.name]?.kind === 'list') raw[token.name] += `\n${value}`;
    else throw new InputError(`--${token.name} is given twice`, 'Give it once.');
  }
  return { switches: given, raw };
}

function takeBare(
  raw: Record<string, string>,
  bare: string | undefined,
  value: string,
  hides: boolean,
): void {
  if (bare === undefined || Object.hasOwn(raw, bare))
    throw new InputError(
      `unexpected argument${hides ? '' : ` ${quoted(value)}`}`,
      'Write --OPTION VALUE, and quote values with spaces. See --help.',
    );
  raw[bare] = value;
}

function isSwitch(name: string): name is Switch {
  return Object.hasOwn(switches, name);
}

function asBoolean(name: string, value: string): boolean {
  if (/^true$/i.test(value)) return true;
  if (/^false$/i.test(value)) return false;
  throw new InputError(`--${name} takes true or false`, `Write --${name}, or --${name}=false.`);
}

function isNegated({ rawName, name }: OptionToken): boolean {
  return rawName === `--no-${name}`;
}

function checkName(token: OptionToken, table: Inputs): void {
  const { name, rawName } = token;
  const isInput = Object.hasOwn(table, name);
  const isKnown = isInput || isSwitch(name);
  if (isKnown && (!isNegated(token) || isSwitch(name) || table[name]?.kind === 'boolean')) return;
  const meant = isKnown ? name : nearest(name, [...Object.keys(table), ...Object.keys(switches)]);
  throw new InputError(
    `unknown option ${rawName}`,
    `${meant === undefined ? '' : `Did you mean --${meant}? `}--help lists the options.`,
  );
}

function givenValue(token: OptionToken, next: Token | undefined, table: Inputs): string {
  const { name, value, inlineValue } = token;
  if (isNegated(token)) return 'false';
  if (isSwitch(name) || table[name]?.kind === 'boolean')
    return (value ?? valueOfBoolean(token, next, table) ?? 'true').toString();
  if (value === undefined || (inlineValue !== true && value.startsWith('--') && value.length > 2))
    throw new InputError(
      `--${name} has no value`,
      `Write --${name} VALUE, or --${name}=VALUE if the value starts with --.`,
    );
  return value;
}

/** `--overwrite false`: a boolean after a boolean input is its value. */
function valueOfBoolean(
  option: Token | undefined,
  next: Token | undefined,
  table: Inputs,
): string | undefined {
  if (option?.kind !== 'option' || option.value !== undefined || isNegated(option)) return undefined;
  if (table[option.name]?.kind !== 'boolean' || next?.kind !== 'positional') return undefined;
  return /^(true|false)$/i.test(next.value) ? next.value : undefined;
}

/**
 * Fetches secrets from their sources.
 *
 * @param fetch returns the bytes of an input, by its name and what was given
 * @throws InputError if a secret is given in clear: other users of the machine can read arguments
 */
export async function fetchSecrets(
  raw: Raw,
  table: Inputs,
  fetch: (name: string, reference: string) => Promise<Buffer>,
): Promise<Raw> {
  const fetched: Record<string, string | undefined> = { ...raw };
  for (const [name, value] of Object.entries(raw))
    if (table[name]?.secret === true && value !== undefined)
      fetched[name] = (await fetch(name, value)).toString('utf8');
  return fetched;
}
