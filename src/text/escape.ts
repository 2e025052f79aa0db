/**
 * What comes from a cloud, a manifest or an artifact is hostile until it has passed the escaper of its sink. Cinder
 * stores a name such as "x\n::error::y `id`" unchanged.
 */

/** C0, DEL, C1, line and paragraph separators, and the marks that reorder text on a screen. */
const CONTROL = /[\p{Cc}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

function visible(character: string): string {
  switch (character) {
    case '\n':
      return '\\n';
    case '\r':
      return '\\r';
    case '\t':
      return '\\t';
    default:
      return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  }
}

/**
 * One line of a log: no control characters, and neither a leading `::` nor `##[`, which a runner takes for a command.
 * https://github.com/actions/runner/blob/main/src/Runner.Common/ActionCommand.cs
 */
export function forLog(text: string): string {
  const line = text.replace(CONTROL, visible).replaceAll('##[', '#\u200b#[');
  return /^\s*::/.test(line) ? line.replace('::', ':\u200b:') : line;
}

/**
 * Text of several lines for standard output, where a terminal obeys control characters, and the step of a workflow its
 * commands. Lines and tabs stay.
 */
export function forOutput(text: string): string {
  return text
    .replace(CONTROL, (character) =>
      character === '\n' || character === '\t' ? character : visible(character),
    )
    .replaceAll('##[', '#\u200b#[')
    .replace(/^([^\S\n]*):(?=:)/gm, '$1:\u200b');
}

/** JSON on one line, with numbers for what a terminal obeys: they mean the same. */
export function forJson(json: string): string {
  return json.replace(CONTROL, visible);
}

/**
 * Inline Markdown, also in a table's cell: character references, which no renderer takes for structure, a mention or a
 * link. Not for code spans, which would show the references themselves.
 */
export function forMarkdown(text: string): string {
  return text
    .replace(CONTROL, visible)
    .replace(/[\\`*_{}[\]()#+!|~@<>&:"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** Characters that a terminal or a page does not show as they are: control and format characters, line separators. */
const UNSEEN = /[\p{Cc}\p{Cf}\u2028\u2029]/u;

/**
 * One word of a shell's command line, always on one line, with no character that is invisible or reorders what is seen.
 * Works in bash, zsh, ksh and POSIX of 2024: such characters are written as `$'…'`, byte by byte, so that the word
 * means the same in every locale. NUL, which no word can hold, becomes U+FFFD.
 */
export function forShell(text: string): string {
  if (/^[\w@%+=:,./-]+$/.test(text)) return text;
  if (!UNSEEN.test(text)) return `'${text.replaceAll("'", `'\\''`)}'`;
  const word = text.replaceAll('\0', '\ufffd').replace(/[\\']/g, '\\$&');
  return `$'${word.replace(new RegExp(UNSEEN, 'gu'), inBytes)}'`;
}

function inBytes(character: string): string {
  if (character === '\n') return '\\n';
  if (character === '\t') return '\\t';
  return [...Buffer.from(character)].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('');
}

/** A name in a message: quoted, shortened, one line. */
export function quoted(name: string): string {
  return `"${forLog(name.length > 100 ? `${name.slice(0, 100)}…` : name).replaceAll('"', '\\"')}"`;
}

/** The text without all of one character at its end; a regular expression would try again at each of them. */
export function withoutTrailing(character: string, text: string): string {
  let end = text.length;
  while (end > 0 && text[end - 1] === character) end -= 1;
  return text.slice(0, end);
}
