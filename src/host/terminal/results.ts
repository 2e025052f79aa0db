import type { Outputs } from '../../inputs/table.ts';
import { forLog } from '../../text/escape.ts';
import { type Json, redactJson, redactOutput } from '../../text/redact-json.ts';
import type { TerminalHost } from './host.ts';

/** What came of a command, as a terminal prints it. */
interface Result {
  readonly outputs: Readonly<Partial<Record<string, string>>>;
  /** What a dry run would do. */
  readonly plan?: Json | undefined;
  readonly printed?: string | undefined;
}

/** One object on one line. What is JSON inside an action's output is nested here. */
export function jsonOf(result: Result, table: Outputs, { secrets, words }: TerminalHost): string {
  const { outputs, plan } = result;
  const values = Object.entries(outputs).flatMap(([name, value]): [string, Json][] =>
    value === undefined ? [] : [[name, table[name]?.json === true ? (JSON.parse(value) as Json) : value]],
  );
  const all = plan === undefined ? values : [...values, ['plan', plan] as const];
  return `${JSON.stringify(redactJson(Object.fromEntries(all), secrets, words))}\n`;
}

/** What the command prints itself, else a line for each output that has a value. */
export function linesOf(result: Result, table: Outputs, { secrets, words }: TerminalHost): string {
  // Not both at once: what a result has may be made only when it is read.
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
