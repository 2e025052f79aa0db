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
  readonly waysBack?: readonly string[] | undefined;
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

/** The command's own text, else the outputs that a person reads, and the commands that restore what was saved. */
export function linesOf(result: Result, table: Outputs, { secrets, words }: TerminalHost): string {
  // Reads no more than it prints: a result may make each part only when it is read.
  const { printed } = result;
  if (printed !== undefined) return forOutput(secrets.redact(printed));
  const line = (name: string, value: string) =>
    value === '' ? '' : `${name}: ${forLog(redactOutput(value, false, secrets, words))}\n`;
  const outputs = Object.entries(result.outputs).flatMap(([name, value = '']) =>
    table[name]?.json === true && value !== ''
      ? sentencesIn(value).map((each) => line(name, each))
      : [line(name, value)],
  );
  const ways = (result.waysBack ?? []).map((each) => `  ${forLog(secrets.redact(each))}\n`);
  return [...outputs, ...(ways.length === 0 ? [] : ['To restore:\n', ...ways])].join('');
}

/** What JSON has for people: records are for programs, and the log has told of them. */
function sentencesIn(json: string): string[] {
  const value = JSON.parse(json) as Json;
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}
