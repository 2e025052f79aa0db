import { InputError } from '../errors.ts';
import { forLog } from '../text/escape.ts';

/** Capitals only as times and the runbook have them: some file systems do not tell them apart. */
const SEGMENT = /^(?:[0-9a-zTZ][0-9a-zTZ._-]{0,127}|RESTORE(?:\.\d{1,7})?\.md(?:\.age)?)$/;
const MOST_SEGMENTS = 4;

export function isSegment(text: string): boolean {
  return SEGMENT.test(text);
}

/** Whether it is a name within one place: one to four segments joined by `/`. */
export function isName(name: string): boolean {
  const segments = name.split('/');
  return segments.length <= MOST_SEGMENTS && segments.every(isSegment);
}

/** @throws InputError unless it is a name within one place */
export function checkedName(name: string): string {
  if (!isName(name)) throw noName(name);
  return name;
}

/** @throws InputError unless it is a name of one segment */
export function checkedSegment(name: string): string {
  if (!isSegment(name)) throw noName(name);
  return name;
}

function noName(text: string): InputError {
  return new InputError(`${forLog(text)} is not the name of a payload`);
}

/** @throws InputError unless names can begin with it */
export function checkedPrefix(prefix: string): string {
  if (prefix !== '' && !isName(`${prefix}0`))
    throw new InputError(`${forLog(prefix)} is not the beginning of a name`);
  return prefix;
}
