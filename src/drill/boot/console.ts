import type { Expected } from './expect.ts';

/** What a console shows of a boot. */
export type Verdict =
  | { readonly kind: 'seen' }
  /** The firmware gave up. */
  | { readonly kind: 'unbootable'; readonly line: string }
  /** Nothing that decides it. `silent`: the guest has written nothing at all. */
  | { readonly kind: 'waiting'; readonly silent: boolean };

// biome-ignore lint/suspicious/noControlCharactersInRegex: a terminal's escapes begin with one.
const ESCAPES = /\u001b(?:\[[0-9;?]*[ -/]*[@-~]|[()][0-9A-Za-z]|[@-_=>78])/g;

/** The text of a console without the escapes of a terminal; lines end with \n. */
export function plainConsole(text: string): string {
  return text.replace(ESCAPES, '').replace(/\r+\n/g, '\n').replaceAll('\r', '\n');
}

/** What SeaBIOS, its add-ons and OVMF write before a guest does: it says nothing of the guest. */
const FIRMWARE = [
  /^SeaBIOS \(version/,
  /^Machine UUID /,
  /^iPXE\b/,
  /^Press Ctrl-B/,
  /^SGABIOS\b/,
  /^Google, Inc\./,
  /^Serial Graphics Adapter/,
  /^Term: \d+x\d+/,
  /^Booting from /,
  /^BdsDxe: /,
];

/** How it says that there is nothing to boot. */
const GAVE_UP = [/^No bootable device/, /^BdsDxe: No bootable option/, /^Boot failed: not a bootable disk/];

export function verdictOf(plain: string, expected: Expected): Verdict {
  if (expected.isIn(plain)) return { kind: 'seen' };
  const lines = linesOf(plain);
  const ofGuest = lines.filter((line) => !isFirmware(line));
  const gaveUp = lines.find((line) => GAVE_UP.some((words) => words.test(line)));
  if (gaveUp !== undefined && ofGuest.length === 0) return { kind: 'unbootable', line: gaveUp };
  return { kind: 'waiting', silent: ofGuest.length === 0 };
}

function isFirmware(line: string): boolean {
  return [...FIRMWARE, ...GAVE_UP].some((words) => words.test(line));
}

const LONGEST_LINE = 200;

/** The last lines that say something, each of at most 200 characters. */
export function lastLines(plain: string, count: number): readonly string[] {
  return linesOf(plain)
    .slice(-count)
    .map((line) => (line.length > LONGEST_LINE ? `${line.slice(0, LONGEST_LINE)}…` : line));
}

function linesOf(plain: string): string[] {
  return plain
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}
