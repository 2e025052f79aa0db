import { forMarkdown } from './escape.ts';

/** Masking shorter values would blot out harmless text; nothing that short is a secret worth the name. */
const SHORTEST = 4;

/**
 * Every secret of the process, in every encoding it could turn up in. A sink passes what it writes through {@link
 * redact}; a host with a mask of its own (GitHub) gets each encoding.
 */
export class Secrets {
  /** Keyed by their first characters: one pass over a text is enough, however many secrets there are. */
  readonly #encodings = new Map<number, Set<string>>();
  readonly #tell: (encoding: string) => void;

  constructor(tell: (encoding: string) => void = () => undefined) {
    this.#tell = tell;
  }

  /** Text, or raw bytes such as a key's. */
  add(secret: string | Uint8Array): void {
    for (const encoding of encodingsOf(secret)) {
      if (encoding.length < SHORTEST) continue;
      const start = startAt(encoding, 0);
      const known = this.#encodings.get(start) ?? new Set<string>();
      if (known.has(encoding)) continue;
      this.#encodings.set(start, known.add(encoding));
      this.#tell(encoding);
    }
  }

  redact(text: string): string {
    let safe = '';
    let shown = 0;
    for (let at = 0; at + SHORTEST <= text.length; at += 1) {
      let end = this.#endAt(text, at);
      if (end === at) continue;
      safe += `${text.slice(shown, at)}***`;
      // If another secret begins inside this one, its rest must go too.
      for (let inside = at + 1; inside < end; inside += 1) end = Math.max(end, this.#endAt(text, inside));
      shown = end;
      at = end - 1;
    }
    return safe + text.slice(shown);
  }

  /** Where the longest secret that begins at `at` ends; `at` itself if none begins there. */
  #endAt(text: string, at: number): number {
    const known = this.#encodings.get(startAt(text, at));
    if (known === undefined) return at;
    let longest = 0;
    for (const encoding of known)
      if (encoding.length > longest && text.startsWith(encoding, at)) longest = encoding.length;
    return at + longest;
  }
}

/**
 * The first {@link SHORTEST} characters as a number that V8 keeps without allocating: texts have millions of positions.
 */
function startAt(text: string, at: number): number {
  let start = 0;
  for (let next = at; next < at + SHORTEST; next += 1)
    start = ((start * 31) ^ text.charCodeAt(next)) & 0x3fffffff;
  return start;
}

function encodingsOf(secret: string | Uint8Array): Set<string> {
  const bytes = typeof secret === 'string' ? Buffer.from(secret, 'utf8') : Buffer.from(secret);
  if (bytes.length === 0) return new Set();
  const hex = bytes.toString('hex');
  return new Set([
    ...(typeof secret === 'string' ? [secret, secret.trim(), ...linesOf(secret)].flatMap(inText) : []),
    hex,
    hex.toUpperCase(),
    // OpenStack's passphrase is the hex of a key, and may be encoded once more.
    Buffer.from(hex).toString('hex'),
    ...base64s(bytes),
    ...base64s(Buffer.from(hex)),
  ]);
}

/** A text as it appears in JSON, a URL, a form or a page. */
function inText(text: string): string[] {
  const percent = percentOf(text);
  const strict = percent.replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  const page = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  const quoted = page.replaceAll('"', '&quot;');
  return [
    text,
    JSON.stringify(text).slice(1, -1),
    ...[percent, strict].flatMap((each) => [each, lowerPercent(each), each.replaceAll('%20', '+')]),
    page,
    quoted,
    ...['&#39;', '&#x27;', '&apos;'].map((quote) => quoted.replaceAll("'", quote)),
    forMarkdown(text),
  ];
}

/** A URL cannot hold half of a surrogate pair. */
function percentOf(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}

/** Python and Go write escapes in capitals, some libraries do not. */
function lowerPercent(text: string): string {
  return text.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase());
}

function base64s(bytes: Buffer): string[] {
  const plain = bytes.toString('base64');
  const percent = encodeURIComponent(plain);
  return [plain, withoutPadding(plain), bytes.toString('base64url'), percent, lowerPercent(percent)];
}

function withoutPadding(base64: string): string {
  return base64.replace(/={1,2}$/, '');
}

/** Careless tools print a PEM or YAML secret line by line; short lines are no secret. */
function linesOf(secret: string): string[] {
  const lines = secret.split(/\r?\n/).map((line) => line.trim());
  return lines.length < 2 ? [] : lines.filter((line) => line.length >= 16 && !line.startsWith('-----'));
}
