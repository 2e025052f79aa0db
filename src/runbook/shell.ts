import type { Payload } from '../manifest/schema.ts';
import { forShell } from '../text/escape.ts';

/** The words and lines that the blocks of a runbook are made of. All lines are for bash. */

/** A block that can be copied. No line of ours is a fence, and no value has a newline once it is a word. */
export function fence(lines: readonly string[]): string {
  return ['```bash', ...lines, '```'].join('\n');
}

const LONGEST_LINE = 110;

/** A command, on several lines where it is long. */
export function command(...words: readonly string[]): string {
  const lines: string[] = [];
  for (const word of words) {
    const last = lines.at(-1);
    if (last === undefined || last.length + word.length >= LONGEST_LINE) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines.join(' \\\n  ');
}

/** A variable that takes what a command prints; the block stops where it fails. */
export function assign(variable: string, ...words: readonly string[]): string {
  return `${variable}=$(${command(...words)})`;
}

/** `--name=value`, which holds for values that start with a hyphen too; nothing for what is not known. */
export function option(name: string, value: string | number | null | undefined): string[] {
  return value === null || value === undefined ? [] : [`--${name}=${forShell(String(value))}`];
}

/** `--property=key=value` for each of those that the client can set. */
export function properties(name: string, record: Readonly<Record<string, string>>): string[] {
  return Object.entries(record)
    .filter(([key]) => !UNSETTABLE.test(key))
    .flatMap(([key, value]) => option(name, `${key}=${value}`));
}

/** The client hands properties to functions that have arguments of these names, and takes the first `=` for the end of a key. */
const UNSETTABLE = /=|^(self|volume|image)$/;

/** The names of those that it cannot. */
export function unsettable(...records: readonly Readonly<Record<string, string>>[]): string[] {
  return records.flatMap((record) => Object.keys(record).filter((key) => UNSETTABLE.test(key)));
}

/** Stops with both values where a command does not print what it should. */
export function check(printed: string, wanted: string): string {
  return command('check', `"$(${printed})"`, wanted);
}

/** One column of what the client shows. */
export function shown(kind: string, column: string, what: string): string {
  return `openstack ${kind} show -f value -c ${column} ${what}`;
}

/** Waits, and stops where it comes to another end. */
export function until(status: string, kind: string, what: string): string {
  return `until_is ${status} ${shown(kind, 'status', what)}`;
}

/** What prints the plain bytes of a payload. */
export function opened({ name, sealed, compression }: Payload): string {
  const file = `"$STORE/${name}"`;
  const age = sealed ? [`age -d -i "$IDENTITY" ${file}`] : [];
  const zstd = compression === 'zstd' ? [sealed ? 'zstd -dc' : `zstd -dc ${file}`] : [];
  return [...age, ...zstd].join(' | ') || `cat ${file}`;
}

/** That a payload is the one of the manifest, as it lies in the store and as it is. */
export function payloadChecks(payload: Payload): string[] {
  const { name, sha256, stored, sealed, compression } = payload;
  return [
    `(cd "$STORE" && sha256sum --check - <<< '${stored.sha256}  ${name}')`,
    ...(sealed || compression !== 'none' ? [check(`${opened(payload)} | sha256sum`, `'${sha256}  -'`)] : []),
  ];
}
