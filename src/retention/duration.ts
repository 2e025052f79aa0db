import { InputError } from '../errors.ts';

/** A duration as restic writes it: "1y5m7d2h", where m means months. */
export type Duration = string;

export interface Span {
  readonly years: number;
  readonly months: number;
  readonly days: number;
  readonly hours: number;
}

const FORM = /^(?:(\d{1,4})y)?(?:(\d{1,4})m)?(?:(\d{1,5})d)?(?:(\d{1,6})h)?$/;

/** @throws InputError if it is malformed or zero */
export function parseDuration(duration: Duration): Span {
  const [years = 0, months = 0, days = 0, hours = 0] = (FORM.exec(duration) ?? [])
    .slice(1)
    .map((digits) => Number(digits ?? 0));
  if (years + months + days + hours === 0)
    throw new InputError(
      `invalid duration "${duration}"`,
      'Write years, months, days and hours in this order, such as 1y5m7d2h or 14d.',
    );
  return { years, months, days, hours };
}
