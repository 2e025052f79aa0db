import { InputError } from '../../errors.ts';
import type { Inputs, Raw } from '../../inputs/table.ts';

/** Flags of the terminal itself, beside the inputs of the command. */
export interface Switches {
  readonly json: boolean;
  readonly dryRun: boolean;
  readonly help: boolean;
  readonly verbose: boolean;
}

export interface Parsed {
  readonly switches: Switches;
  /** As given; secrets still as `env:`, `file:` or `-`. */
  readonly raw: Raw;
}

const SWITCHES: Readonly<Record<string, keyof Switches>> = {
  '--json': 'json',
  '--dry-run': 'dryRun',
  '--help': 'help',
  '-h': 'help',
  '--verbose': 'verbose',
};

/**
 * Flags after the name of the command. A flag that is given twice adds a line to a list, and is an error elsewhere.
 *
 * @throws InputError; never shows the value of a secret
 */
export function parseArguments(words: readonly string[], table: Inputs): Parsed {
  const switches = { json: false, dryRun: false, help: false, verbose: false };
  const raw: Record<string, string> = {};
  const queue = [...words];
  for (let word = queue.shift(); word !== undefined; word = queue.shift()) {
    const known = SWITCHES[word];
    if (known !== undefined) switches[known] = true;
    else addInput(word, queue, table, raw);
  }
  return { switches, raw };
}

function addInput(word: string, queue: string[], table: Inputs, raw: Record<string, string>): void {
  const match = /^--([a-z][a-z0-9-]*)(?:=(.*))?$/s.exec(word);
  if (match === null)
    throw new InputError(
      'an argument does not start with --',
      'Write --INPUT VALUE; quote values with spaces. See --help.',
    );
  const [, name = '', attached] = match;
  const input = table[name];
  if (input === undefined || !Object.hasOwn(table, name))
    throw new InputError(
      `there is no flag --${name}`,
      `There are: ${Object.keys(table)
        .map((key) => `--${key}`)
        .join(' ')}.`,
    );
  const value = attached ?? nextValue(name, input.kind === 'boolean', queue);
  if (Object.hasOwn(raw, name) && input.kind !== 'list')
    throw new InputError(`--${name} is given twice`, 'Give it once.');
  raw[name] = Object.hasOwn(raw, name) ? `${raw[name]}\n${value}` : value;
}

function nextValue(name: string, isBoolean: boolean, queue: string[]): string {
  const next = queue[0];
  if (isBoolean && (next === undefined || !/^(true|false)$/i.test(next))) return 'true';
  if (next === undefined || (next.startsWith('--') && next.length > 2))
    throw new InputError(
      `--${name} has no value`,
      `Write --${name} VALUE, or --${name}=VALUE if the value starts with --.`,
    );
  queue.shift();
  return next;
}

/**
 * Fetches secrets from where they are said to be.
 *
 * @param fetch the bytes of an input, by its name and what was given
 * @throws InputError when one is given in clear: others on the machine can read arguments
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
