import type { Payload } from '../manifest/schema.ts';
import { wholeDigest } from '../manifest/whole-digest.ts';
import { forShell } from '../text/escape.ts';

/** Words and lines for the blocks of a runbook. All lines are for bash. */

/** A block to copy. It cannot end early: none of our lines is a fence, and a quoted value has no newline. */
export function fence(lines: readonly string[]): string {
  return ['```bash', ...lines, '```'].join('\n');
}

const LONGEST_LINE = 110;

/** A command, split into several lines if it is long. */
export function command(...words: readonly string[]): string {
  const lines: string[] = [];
  for (const word of words) {
    const last = lines.at(-1);
    if (last === undefined || last.length + word.length >= LONGEST_LINE) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines.join(' \\\n  ');
}

/** Assigns a command's output to a variable; stops the block if the command fails. */
export function assign(variable: string, ...words: readonly string[]): string {
  return `${variable}=$(${command(...words)})`;
}

/** `--name=value`, which also works for values that start with a hyphen; empty if the value is unknown. */
export function option(name: string, value: string | number | null | undefined): string[] {
  return value === null || value === undefined ? [] : [`--${name}=${forShell(String(value))}`];
}

/** `--property=key=value` for each property that the client can set. */
export function properties(name: string, record: Readonly<Record<string, string>>): string[] {
  return Object.entries(record)
    .filter(([key]) => !UNSETTABLE.test(key))
    .flatMap(([key, value]) => option(name, `${key}=${value}`));
}

/** The client passes properties to functions with arguments of these names, and ends a key at the first `=`. */
const UNSETTABLE = /=|^(self|volume|image)$/;

/** The names of the properties that the client cannot set. */
export function unsettable(...records: readonly Readonly<Record<string, string>>[]): string[] {
  return records.flatMap((record) => Object.keys(record).filter((key) => UNSETTABLE.test(key)));
}

/** Stops, and prints both values, if a command does not print what it should. */
export function check(printed: string, wanted: string): string {
  return command('check', `"$(${printed})"`, wanted);
}

/** Prints one column of `openstack … show`. */
export function shown(kind: string, column: string, what: string): string {
  return `openstack ${kind} show -f value -c ${column} ${what}`;
}

/** Waits for a status, and stops if it ends in another one. */
export function until(status: string, kind: string, what: string): string {
  return `until_is ${status} ${shown(kind, 'status', what)}`;
}

/** A command that prints the plain bytes of a payload. */
export function opened({ layout, name, stored, sealed, compression }: Payload): string {
  if (layout === 'blocks') return `read_store '${name}' ${stored.sha256}${sealed ? ' -i "$IDENTITY"' : ''}`;
  const file = `"$STORE/${name}"`;
  const age = sealed ? [`age -d -i "$IDENTITY" ${file}`] : [];
  const zstd = compression === 'zstd' ? [sealed ? 'zstd -dc' : `zstd -dc ${file}`] : [];
  return [...age, ...zstd].join(' | ') || `cat ${file}`;
}

/** Compares a payload with the manifest, both as it lies in the store and opened. */
export function payloadChecks(payload: Payload): string[] {
  const { layout, name, stored, sealed, compression } = payload;
  const isBare = layout === 'file' && !sealed && compression === 'none';
  return [
    `(cd "$STORE" && sha256sum --check - <<< '${stored.sha256}  ${name}')`,
    ...(isBare ? [] : [wholeCheck(opened(payload), payload)]),
  ];
}

/** Stops unless what a command prints has the digest of a payload. */
export function wholeCheck(printed: string, payload: Payload): string {
  const { algorithm, value } = wholeDigest(payload);
  return check(`${printed} | ${sumOf(algorithm)}`, `'${value}  -'`);
}

/** The same of a file. */
export function fileCheck(file: string, payload: Payload): string {
  const { algorithm, value } = wholeDigest(payload);
  return `(cd "$WORK" && ${sumOf(algorithm)} --check - <<< '${value}  ${file}')`;
}

/** The program of coreutils. */
function sumOf(algorithm: string): string {
  return `${algorithm}sum`;
}
