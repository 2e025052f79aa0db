/**
 * What comes from a cloud, a manifest or an artifact is hostile until it passed the escaper of its sink.
 * Cinder stores a name such as "x\n::error::y `id`" as it is.
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
 * One line of a log: no control characters, and no `::` at its start or `##[`, which a runner takes for a command.
 * https://github.com/actions/runner/blob/main/src/Runner.Common/ActionCommand.cs
 */
export function forLog(text: string): string {
  const line = text.replace(CONTROL, visible).replaceAll('##[', '#\u200b#[');
  return /^\s*::/.test(line) ? line.replace('::', ':\u200b:') : line;
}

/**
 * Inline Markdown, also inside a table's cell: character references, which no renderer takes for structure, a mention
 * or a link. Not for code spans, where they would be shown as they are.
 */
export function forMarkdown(text: string): string {
  return text
    .replace(CONTROL, visible)
    .replace(/[\\`*_{}[\]()#+!|~@<>&:"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** One word of a POSIX shell's command line. */
export function forShell(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) && !text.startsWith('-') ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** A name in a message: quoted, shortened, one line. */
export function quoted(name: string): string {
  return `"${forLog(name.length > 100 ? `${name.slice(0, 100)}…` : name).replaceAll('"', '\\"')}"`;
}
