import { InputError } from '../../errors.ts';
import { quoted } from '../../text/escape.ts';

/** What may have another name or id in another project or cloud. */
export const MAPPED = [
  'network',
  'flavor',
  'type',
  'volume',
  'image',
  'key-pair',
  'security-group',
  'availability-zone',
] as const;
export type Mapped = (typeof MAPPED)[number];

interface Line {
  readonly kind: Mapped;
  readonly from: string;
  readonly to: string;
}

/** New names or ids, by the old names or ids. */
export class Mapping {
  readonly #lines: readonly Line[];
  readonly #used = new Set<Line>();

  constructor(lines: readonly Line[]) {
    this.#lines = lines;
  }

  /** The new name or id for an old one; undefined if none was given. */
  of(kind: Mapped, ...old: readonly (string | null)[]): string | undefined {
    const line = this.#lines.find((candidate) => candidate.kind === kind && old.includes(candidate.from));
    if (line !== undefined) this.#used.add(line);
    return line?.to;
  }

  /** @throws InputError for a line that matches nothing: it is probably a typing error */
  refuseUnused(): void {
    const unused = this.#lines.filter((line) => !this.#used.has(line));
    if (unused.length === 0) return;
    throw new InputError(
      `\`map\` names what the server does not have: ${unused.map(({ kind, from }) => `${kind} ${quoted(from)}`).join(', ')}`,
      'On the left side, write the names or ids that are in the manifest. Nothing was changed.',
    );
  }
}

/**
 * The lines of the input `map`: `network: old=new`.
 *
 * @throws InputError that lists all that is wrong
 */
export function parseMapping(lines: readonly string[]): Mapping {
  const problems: string[] = [];
  const parsed: Line[] = [];
  for (const text of lines) {
    const line = parseLine(text);
    if (typeof line === 'string') problems.push(line);
    else if (parsed.some(({ kind, from }) => kind === line.kind && from === line.from))
      problems.push(`${quoted(text)} maps ${quoted(line.from)} a second time`);
    else parsed.push(line);
  }
  if (problems.length > 0)
    throw new InputError(
      `\`map\` cannot be read: ${problems.join('; ')}`,
      `Write one per line, such as \`network: old=new\`, with one of ${MAPPED.join(', ')}. If a name has a comma or an equals sign, use the id.`,
    );
  return new Mapping(parsed);
}

function parseLine(text: string): Line | string {
  const [, word = '', rest = ''] = /^([a-z-]+)\s*:\s*(.*)$/s.exec(text) ?? [];
  const kind = MAPPED.find((known) => known === word);
  if (kind === undefined) return `${quoted(text)} does not begin with the kind that it maps`;
  const sides = rest.split('=').map((side) => side.trim());
  const [from = '', to = ''] = sides;
  if (sides.length !== 2 || from === '' || to === '') return `${quoted(text)} is not \`${kind}: old=new\``;
  return { kind, from, to };
}
