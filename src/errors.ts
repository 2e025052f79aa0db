/**
 * An error for people: one sentence says what failed and where, one says what to do next.
 * `exitCode` 2 means wrong input and nothing touched; 1 means that something failed.
 */
export class PlainError extends Error {
  override readonly name: string = 'PlainError';
  readonly exitCode: 1 | 2;
  readonly hint: string | undefined;

  constructor(message: string, options: { exitCode: 1 | 2; hint?: string | undefined; cause?: unknown }) {
    super(withoutStop(message), options.cause === undefined ? undefined : { cause: options.cause });
    this.exitCode = options.exitCode;
    this.hint = options.hint;
  }
}

/** Drops the full stop that often ends a cloud's message, because a request id or the hint follows. */
export function withoutStop(message: string): string {
  return message.endsWith('.') && !message.endsWith('..') ? message.slice(0, -1) : message;
}

/** Why something cannot be relied on, and what to do about it. */
export interface Doubt {
  readonly what: string;
  readonly hint: string;
  /** Set if the only doubt is that a manifest is unsigned, and no key was given to check a signature. */
  readonly kind?: 'unsigned';
}

/** Wrong input: exit 2, nothing was touched. */
export class InputError extends PlainError {
  override readonly name = 'InputError' as const;
  constructor(message: string, hint?: string, cause?: unknown) {
    super(message, { exitCode: 2, hint, cause });
  }
}

/** Unsigned manifests are the only obstacle, and no key was given to check a signature. */
export class UnsignedError extends InputError {}

/** The input is right, but the work failed, or what the cloud holds now does not allow it: exit 1. */
export class OperationError extends PlainError {
  override readonly name = 'OperationError' as const;
  constructor(message: string, hint?: string, cause?: unknown) {
    super(message, { exitCode: 1, hint, cause });
  }
}

/** A failure on one line: what failed, and what to do next. */
export function withHint(error: unknown): string {
  const hint = error instanceof PlainError ? (error.hint ?? '') : '';
  return hint === '' ? messageOf(error) : `${messageOf(error)}. ${hint}`;
}

/** The message of anything thrown, with causes that add to it (undici hides the reason in `cause`). */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof AggregateError && error.errors.length > 0)
    return [...new Set(error.errors.map(messageOf))].join('; ');
  const cause = error.cause instanceof Error ? messageOf(error.cause) : '';
  return cause === '' || error.message.includes(cause) ? error.message : `${error.message}: ${cause}`;
}
