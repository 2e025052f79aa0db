import type { Outputs } from '../../inputs/table.ts';
import { forLog } from '../../text/escape.ts';
import { type Json, redactJson, redactOutput } from '../../text/redact-json.ts';
import type { TerminalHost } from './host.ts';

/** The result of a command, as a terminal prints it. */
interface Result {
  readonly outputs: Readonly<Partial<Record<string, string>>>;
  /** What a dry run would do. */
  readonly plan?: Json | undefined;
  readonly printed?: string | undefined;
}

/** One object on one line. Outputs that hold JSON are nested, not quoted as in an action. */
export function jsonOf(result: Result, table: Outputs, { secrets, words }: TerminalHost): string {
  const { outputs, plan } = result;
  const values = Object.entries(outputs).flatMap(([name, value]): [string, Json][] =>
    value === undefined ? [] : [[name, table[name]?.json === true ? (JSON.parse(value) as Json) : value]],
  );
  const all = plan === undefined ? values : [...values, ['plan', plan] as const];
  return `${shown(JSON.stringify(redactJson(Object.fromEntries(all), secrets, words)))}\n`;
}

/** Text of others may hold what a terminal obeys: JSON can write it as numbers, which mean the same. */
function shown(json: string): string {
  return json.replace(
    /[\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** The command's own text, else a line for each output that has a value. */
export function linesOf(result: Result, table: Outputs, { secrets, words }: TerminalHost): string {
  // Reads only one of the two: a result may make each only when it is read.
  const { printed } = result;
  if (printed !== undefined) return secrets.redact(printed);
  return Object.entries(result.outputs)
    .flatMap(([name, value]) => {
      if (value === undefined || value === '') return [];
      const isJson = table[name]?.json === true;
      return [`${name}: ${forLog(redactOutput(value, isJson, secrets, words))}\n`];
    })
    .join('');
}
