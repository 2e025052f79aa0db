export const GIB = 2 ** 30;

const UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

/** A number of bytes as people read it: "1.07 GiB", "32 bytes". */
export function bytes(count: number): string {
  const step = count < 1 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log2(count) / 10));
  const value = count / 2 ** (10 * step);
  return `${step === 0 ? count : value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0)} ${UNITS[step]}`;
}
