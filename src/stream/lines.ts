import { createHash } from 'node:crypto';

/** Far more than a header with a thousand recipients has. */
const LONGEST = 1 << 20;
const NEWLINE = 0x0a;

/** Why a text is not what it should be. */
export class TextError extends Error {}

/**
 * Takes a text of lines apart, as it flows: single lines, and parts whose count and digest are known. Everything it
 * throws about the text is a {@link TextError}.
 */
export class Lines {
  readonly #source: AsyncGenerator<Buffer, void>;
  #group: Buffer = Buffer.alloc(0);
  #at = 0;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = linesOf(source);
  }

  /** @throws TextError if there is none */
  async next(): Promise<string> {
    if (!(await this.#more())) throw new TextError('it is cut short');
    return this.#take(1).bytes.toString('utf8').slice(0, -1);
  }

  /**
   * The next lines.
   *
   * @param sha256 of all of them
   * @param most of how many are taken at all
   * @throws TextError if there are fewer, or they are others
   */
  async *part(part: PartOfLines, what: string, most: number): AsyncGenerator<string, void> {
    for await (const bytes of this.groups(part, what, most))
      yield* bytes.toString('utf8', 0, bytes.length - 1).split('\n');
  }

  /**
   * The same in bytes, many whole lines at once: for parts of millions. A string for each line would outlive the young
   * heap, and be hundreds of MiB.
   */
  async *groups({ count, sha256 }: PartOfLines, what: string, most: number): AsyncGenerator<Buffer, void> {
    if (count > most) throw new TextError(`it has ${count} ${what}, more than ${most}`);
    const hash = createHash('sha256');
    for (let left = count; left > 0; ) {
      if (!(await this.#more())) throw new TextError(`it has ${count - left} of ${count} ${what}`);
      const taken = this.#take(left);
      left -= taken.lines;
      hash.update(taken.bytes);
      yield taken.bytes;
    }
    if (hash.digest('hex') !== sha256)
      throw new TextError(`its ${what} are not those that it was written with`);
  }

  /** @throws TextError if there is more */
  async end(): Promise<void> {
    if (await this.#more()) throw new TextError('it goes on past its end');
  }

  async close(): Promise<void> {
    await this.#source.return();
  }

  /** The next lines that are there already, with their ends. */
  #take(most: number): { readonly bytes: Buffer; readonly lines: number } {
    const begin = this.#at;
    let lines = 0;
    for (; lines < most && this.#at < this.#group.length; lines += 1)
      this.#at = this.#group.indexOf(NEWLINE, this.#at) + 1;
    return { bytes: this.#group.subarray(begin, this.#at), lines };
  }

  async #more(): Promise<boolean> {
    while (this.#at >= this.#group.length) {
      const { done, value } = await this.#source.next();
      if (done) return false;
      this.#group = value;
      this.#at = 0;
    }
    return true;
  }
}

/** How many lines, and the digest of all of them. */
interface PartOfLines {
  readonly count: number;
  readonly sha256: string;
}

/** @throws TextError for the TypeError of a line that is not of its form, and for one that is not JSON */
export function parsedLine<T>(parse: (line: string) => T, line: string): T {
  try {
    return parse(line);
  } catch (error) {
    if (error instanceof SyntaxError) throw new TextError('a line is not JSON');
    if (error instanceof TypeError) throw new TextError(error.message);
    throw error;
  }
}

/**
 * The text in groups of whole lines, as they come.
 *
 * @throws TextError for a line of more than 1 MiB, and if the last one does not end
 */
async function* linesOf(source: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer, void> {
  let begun: Uint8Array[] = [];
  let held = 0;
  for await (const piece of source) {
    const end = piece.lastIndexOf(NEWLINE);
    // No line of a piece that has an end is longer than what was held and the piece.
    held = end < 0 ? held + piece.length : Math.max(held + piece.indexOf(NEWLINE), piece.length - end);
    if (held > LONGEST) throw new TextError(`a line has more than ${LONGEST} bytes`);
    if (end >= 0) {
      yield Buffer.concat([...begun, piece.subarray(0, end + 1)]);
      begun = [];
      held = piece.length - end - 1;
    }
    if (held > 0) begun.push(Buffer.from(piece.subarray(end + 1)));
  }
  if (held > 0) throw new TextError('the last line does not end');
}
