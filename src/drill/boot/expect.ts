import { InputError, messageOf } from '../../errors.ts';
import { quoted } from '../../text/escape.ts';

/** What shows on a console that a guest has booted. */
export interface Expected {
  /** As it was given. */
  readonly words: string;
  /** @param text without escapes, lines ended by \n */
  isIn(text: string): boolean;
}

/**
 * A text, or between slashes a regular expression of JavaScript, whose ^ and $ are those of a line.
 *
 * @throws InputError for an expression that is none
 */
export function parseExpect(given: string): Expected {
  const [, pattern] = /^\/(.+)\/$/s.exec(given) ?? [];
  if (pattern === undefined) return { words: quoted(given), isIn: (text) => text.includes(given) };
  try {
    const expression = new RegExp(pattern, 'mu');
    return { words: given, isIn: (text) => expression.test(text) };
  } catch (error) {
    throw new InputError(
      `\`expect\` is not a regular expression: ${messageOf(error)}`,
      'A text between slashes is a regular expression, any other is looked for as it is.',
      error,
    );
  }
}
