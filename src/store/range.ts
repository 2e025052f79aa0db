import { OperationError } from '../errors.ts';
import type { ByteRange } from './place.ts';

/**
 * The bytes of a range, counted from the beginning.
 *
 * @param size of all that is there, bytes
 * @throws OperationError if it goes beyond the end
 */
export function within(
  size: number,
  range: ByteRange | undefined,
  what: string,
): { readonly start: number; readonly end: number } {
  const { start, end = Math.max(size, start) } = range ?? { start: 0 };
  if (!(Number.isSafeInteger(start) && Number.isSafeInteger(end) && start >= 0 && start <= end))
    throw new RangeError(`no range: ${start} to ${end}`);
  if (end > size) throw tooShort(what, size, end);
  return { start, end };
}

export function tooShort(what: string, size: number, wanted: number): OperationError {
  return new OperationError(
    `${what} has only ${size} bytes, not the ${wanted} or more that it should have`,
    'It is damaged: use another restore point.',
  );
}
