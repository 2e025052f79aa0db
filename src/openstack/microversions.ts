/** "3.64" as two numbers, so that 3.9 is below 3.64. */
export interface Microversion {
  readonly major: number;
  readonly minor: number;
}

export function parseMicroversion(text: string): Microversion | undefined {
  const match = /^(\d{1,3})\.(\d{1,4})$/.exec(text);
  return match === null ? undefined : { major: Number(match[1]), minor: Number(match[2]) };
}

export function atLeast(have: Microversion, want: string): boolean {
  const wanted = parseMicroversion(want);
  return wanted !== undefined && have.major === wanted.major && have.minor >= wanted.minor;
}

export function lower(a: Microversion, b: Microversion): Microversion {
  return a.major < b.major || (a.major === b.major && a.minor <= b.minor) ? a : b;
}

export function formatMicroversion(version: Microversion): string {
  return `${version.major}.${version.minor}`;
}
