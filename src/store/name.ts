import { InputError } from '../errors.ts';
import { forLog } from '../text/escape.ts';

const NAME = /^[0-9a-z][0-9a-z._-]{0,127}$/;

/** Whether it is a plain name within one place. */
export function isName(name: string): boolean {
  return NAME.test(name);
}

/** @throws InputError unless it is a plain name within one place */
export function checkedName(name: string): string {
  if (!isName(name)) throw new InputError(`${forLog(name)} is not the name of a payload`);
  return name;
}
