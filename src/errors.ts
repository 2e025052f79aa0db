/**
 * What a person is told when something cannot be done: one sentence of what and where, one of what to do next.
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

/** The cloud's own words often end with one, and a request's id or the hint follows. */
export function withoutStop(message: string): string {
  return message.endsWith('.') && !message.endsWith('..') ? message.slice(0, -1) : message;
}

/** Why something cannot be relied on, and what to do about it. */
export interface Doubt {
  readonly what: string;
  readonly hint: string;
  /** Of a manifest that bears no signature, where nobody gave a key to check one with: nothing speaks against it. */
  readonly kind?: 'unsigned';
}

/** Wrong input: exit 2, nothing was touched. */
export class InputError extends PlainError {
  override readonly name = 'InputError' as const;
  constructor(message: string, hint?: string, cause?: unknown) {
    super(message, { exitCode: 2, hint, cause });
  }
}

/** Manifests that bear no signature are all that stands in the way, in a run without a key to check one with. */
export class UnsignedError extends InputError {}

/** The input is right, and the work failed or was refused by what the cloud holds now: exit 1. */
export class OperationError extends PlainError {
  override readonly name = 'OperationError' as const;
  constructor(message: string, hint?: string, cause?: unknown) {
    super(message, { exitCode: 1, hint, cause });
  }
}

/** All that a person is told of a failure, on one line: what, and what to do next. */
export function withHint(error: unknown): string {
  const hint = error instanceof PlainError ? (error.hint ?? '') : '';
  return hint === '' ? messageOf(error) : `${messageOf(error)}. ${hint}`;
}

/** The message of anything thrown, with the causes that say more (undici hides the reason in `cause`). */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof AggregateError && error.errors.length > 0)
    return [...new Set(error.errors.map(messageOf))].join('; ');
  const cause = error.cause instanceof Error ? messageOf(error.cause) : '';
  return cause === '' || error.message.includes(cause) ? error.message : `${error.message}: ${cause}`;
}
