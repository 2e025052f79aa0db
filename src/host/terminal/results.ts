import type { Outputs } from '../../inputs/table.ts';
import { forLog } from '../../text/escape.ts';
import { type Json, redactJson } from '../../text/redact-json.ts';
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
  const values = Object.entries(result.outputs).flatMap(([name, value]): [string, Json][] =>
    value === undefined ? [] : [[name, table[name]?.json === true ? (JSON.parse(value) as Json) : value]],
  );
  const plan = result.plan === undefined ? [] : [['plan', result.plan] as const];
  return `${JSON.stringify(redactJson(Object.fromEntries([...values, ...plan]), secrets, words))}\n`;
}

/** What the command prints itself, else a line for each output that has a value. */
export function linesOf(
  { outputs, printed }: Result,
  table: Outputs,
  { secrets, words }: TerminalHost,
): string {
  if (printed !== undefined) return secrets.redact(printed);
  return Object.entries(outputs)
    .flatMap(([name, value]) => {
      if (value === undefined || value === '') return [];
      const safe =
        table[name]?.json === true
          ? JSON.stringify(redactJson(JSON.parse(value) as Json, secrets, words))
          : words(secrets.redact(value));
      return [`${name}: ${forLog(safe)}\n`];
    })
    .join('');
}
