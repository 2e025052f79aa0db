/** Shorter values would blot out harmless text; nothing that short is a secret worth the name. */
const SHORTEST = 4;

/**
 * Every secret of the process, in every encoding it could turn up in. A sink passes what it writes through
 * {@link redact}; a host that has a mask of its own (GitHub) is told of each encoding.
 */
export class Secrets {
  readonly #encodings = new Set<string>();
  readonly #tell: (encoding: string) => void;
  #sorted: readonly string[] | undefined;

  constructor(tell: (encoding: string) => void = () => undefined) {
    this.#tell = tell;
  }

  /** Text, or raw bytes such as a key's. */
  add(secret: string | Uint8Array): void {
    for (const encoding of encodingsOf(secret)) {
      if (encoding.length < SHORTEST || this.#encodings.has(encoding)) continue;
      this.#encodings.add(encoding);
      this.#sorted = undefined;
      this.#tell(encoding);
    }
  }

  redact(text: string): string {
    // Longest first: a secret's base64 may hold another's.
    this.#sorted ??= [...this.#encodings].sort((a, b) => b.length - a.length);
    let safe = text;
    for (const encoding of this.#sorted) if (safe.includes(encoding)) safe = safe.replaceAll(encoding, '***');
    return safe;
  }
}

function encodingsOf(secret: string | Uint8Array): string[] {
  const bytes = typeof secret === 'string' ? Buffer.from(secret, 'utf8') : Buffer.from(secret);
  if (bytes.length === 0) return [];
  const text = bytes.toString('utf8');
  const hex = bytes.toString('hex');
  const whole = typeof secret === 'string' ? [secret, secret.trim(), ...linesOf(secret)] : [];
  return [
    ...whole,
    ...whole.map((line) => JSON.stringify(line).slice(1, -1)),
    encodeURIComponent(text),
    hex,
    hex.toUpperCase(),
    // Openstack's passphrase is the hex text of a key, which may be encoded once more.
    Buffer.from(hex).toString('hex'),
    ...base64s(bytes),
    ...base64s(Buffer.from(hex)),
  ];
}

function base64s(bytes: Buffer): string[] {
  const plain = bytes.toString('base64');
  return [plain, plain.replace(/=+$/, ''), bytes.toString('base64url'), encodeURIComponent(plain)];
}

/** A PEM or YAML secret is printed line by line by careless tools; short lines are no secret. */
function linesOf(secret: string): string[] {
  const lines = secret.split(/\r?\n/).map((line) => line.trim());
  return lines.length < 2 ? [] : lines.filter((line) => line.length >= 16 && !line.startsWith('-----'));
}
