import { InputError, OperationError } from '../errors.ts';

const MOUNT = 'Use `serve`, and mount the disk.';

/** What the file system says makes no sense. What keeps it from being read is another error. */
export class DamagedFiles extends OperationError {}

export function damaged(why: string): DamagedFiles {
  return new DamagedFiles(
    `the file system is damaged: ${why}`,
    'If it was in use when it was saved, its journal may have the rest: use `serve`, and mount the disk.',
  );
}

export function notUnderstood(what: string): InputError {
  return new InputError(what, MOUNT);
}

export function notThere(path: string): InputError {
  return new InputError(
    `there is no ${JSON.stringify(path)} in the file system`,
    'See what there is with `files list`.',
  );
}
