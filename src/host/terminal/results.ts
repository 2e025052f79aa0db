import type { Outputs } from '../../inputs/table.ts';
import { forJson, forLog, forOutput } from '../../text/escape.ts';
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
  return `${forJson(JSON.stringify(redactJson(Object.fromEntries(all), secrets, words)))}\n`;
}

/** The command's own text, else a line for each output that has a value. */
export function linesOf(result: Result, table: Outputs, { secrets, words }: TerminalHost): string {
  // Reads only one of the two: a result may make each only when it is read.
  const { printed } = result;
  if (printed !== undefined) return forOutput(secrets.redact(printed));
  return Object.entries(result.outputs)
    .flatMap(([name, value]) => {
      if (value === undefined || value === '') return [];
      const isJson = table[name]?.json === true;
      return [`${name}: ${forLog(redactOutput(value, isJson, secrets, words))}\n`];
    })
    .join('');
}
