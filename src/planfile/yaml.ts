import { type Alias, type Document, isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import { quoted } from '../text/escape.ts';

/** Line and column, both from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** What is wrong, and where. */
export interface Problem extends Position {
  readonly what: string;
}

/** YAML without its types: the schema says what a text means, so that no id becomes a number. */
export type Node =
  | { readonly kind: 'map'; readonly at: Position; readonly entries: readonly Entry[] }
  | { readonly kind: 'list'; readonly at: Position; readonly items: readonly Node[] }
  | { readonly kind: 'text'; readonly at: Position; readonly text: string; readonly isQuoted: boolean };

export interface Entry {
  readonly key: string;
  readonly at: Position;
  readonly value: Node;
}

/** Far more than a plan that a person writes. */
const LARGEST = 64 * 1024;
/** Nodes, counted again for each alias. */
const MOST = 10_000;
const DEEPEST = 20;

const START: Position = { line: 1, column: 1 };

/** Parses YAML 1.2 and collects the problems. Tags, merge keys and directives have no meaning. */
export function parseYaml(text: string): { readonly root: Node | undefined; readonly problems: Problem[] } {
  if (text.length > LARGEST)
    return { root: undefined, problems: [{ ...START, what: 'the file is larger than any plan' }] };
  const lines = new LineCounter();
  const document = parseDocument(text, {
    schema: 'failsafe',
    merge: false,
    uniqueKeys: false,
    prettyErrors: false,
    lineCounter: lines,
  });
  const reading = new Reading(document, lines);
  // The first error mostly causes the others.
  const [first] = [...document.errors, ...document.warnings].filter(
    ({ code }) => code !== 'TAG_RESOLVE_FAILED',
  );
  if (first !== undefined) reading.problem(first.pos[0], inOwnWords(first.code, first.message));
  if (reading.problems.length > 0) return { root: undefined, problems: reading.problems };
  if (document.directives?.yaml.explicit === true)
    reading.problem(0, 'a %YAML directive is not allowed in a plan');
  const root = reading.node(document.contents, 0);
  return { root, problems: reading.problems };
}

function inOwnWords(code: string, message: string): string {
  if (code === 'MULTIPLE_DOCS') return 'a second document starts here, but a plan is a single document';
  if (message.includes('call stack')) return 'nested too deeply';
  return `not YAML: ${message.charAt(0).toLowerCase()}${message.slice(1)}`;
}

class Reading {
  readonly problems: Problem[] = [];
  readonly #document: Document.Parsed;
  readonly #lines: LineCounter;
  #count = 0;

  constructor(document: Document.Parsed, lines: LineCounter) {
    this.#document = document;
    this.#lines = lines;
  }

  problem(offset: number, what: string): void {
    this.problems.push({ ...this.at(offset), what });
  }

  at(offset: number): Position {
    const { line, col } = this.#lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  }

  /** Undefined if reading on is of no use. */
  node(from: unknown, depth: number, offset = 0): Node | undefined {
    const at = this.at(offset);
    if (from === null || from === undefined) return { kind: 'text', at, text: '', isQuoted: false };
    const start = startOf(from) ?? offset;
    this.#count += 1;
    if (this.#count === MOST) this.problem(start, 'aliases make the file larger than any plan');
    if (depth > DEEPEST) this.problem(start, 'nested too deeply, or an alias stands for itself');
    if (this.#count >= MOST || depth > DEEPEST) return undefined;
    if (isAlias(from)) return this.#alias(from, depth, start);
    const { tag } = from as { tag?: string };
    if (tag !== undefined)
      this.problem(start, `the tag ${quoted(tag)} is not allowed in a plan: leave it out`);
    if (isScalar(from))
      return {
        kind: 'text',
        at: this.at(start),
        text: String(from.value ?? ''),
        isQuoted: from.type !== 'PLAIN',
      };
    if (isSeq(from)) {
      const items = from.items.map((item) => this.node(item, depth + 1, start));
      return { kind: 'list', at: this.at(start), items: items.filter((item) => item !== undefined) };
    }
    return isMap(from)
      ? { kind: 'map', at: this.at(start), entries: this.#entries(from.items, depth) }
      : undefined;
  }

  #alias(alias: Alias, depth: number, start: number): Node | undefined {
    const source = alias.resolve(this.#document);
    if (source === undefined) this.problem(start, `the alias *${alias.source} has no anchor above it`);
    return source === undefined ? undefined : this.node(source, depth + 1, start);
  }

  #entries(items: readonly { readonly key: unknown; readonly value: unknown }[], depth: number): Entry[] {
    const seen = new Map<string, number>();
    return items.flatMap(({ key, value }) => {
      const start = startOf(key) ?? 0;
      if (!isScalar(key)) {
        this.problem(start, 'a key is one word');
        return [];
      }
      const name = String(key.value ?? '');
      const first = seen.get(name);
      if (name === '<<') this.problem(start, 'merge keys (<<) are not allowed in a plan: write out the keys');
      else if (first !== undefined)
        this.problem(start, `${quoted(name)} is given twice: first on line ${this.at(first).line}`);
      seen.set(name, first ?? start);
      const read = name === '<<' ? undefined : this.node(value, depth + 1, start);
      return read === undefined || first !== undefined
        ? []
        : [{ key: name, at: this.at(start), value: read }];
    });
  }
}

function startOf(node: unknown): number | undefined {
  return (node as { range?: readonly [number, number, number] | null } | null)?.range?.[0];
}
