const MIB = 1 << 20;
/** How many that nobody has are kept. */
const KEPT = 3;

/**
 * Memory of many MiB that is used again: V8 frees what lies outside of its heap only with all of the heap. What is smaller
 * comes and goes.
 */
export class Memory {
  readonly #idle: ArrayBuffer[] = [];

  /** @returns so many bytes, whatever is in them */
  take(size: number): Buffer {
    if (size < MIB) return Buffer.allocUnsafeSlow(size);
    const at = this.#idle.findIndex(({ byteLength }) => byteLength >= size);
    const [found] = at < 0 ? [] : this.#idle.splice(at, 1);
    // Objects are nearly of one size, and what is not touched is no memory.
    const memory = found ?? Buffer.allocUnsafeSlow(MIB * Math.ceil(size / MIB)).buffer;
    return Buffer.from(memory, 0, size);
  }

  /** @param memory that was taken, and that nobody uses any more */
  readonly give = ({ buffer }: Buffer): void => {
    if (buffer.byteLength < MIB || this.#idle.length === KEPT || !(buffer instanceof ArrayBuffer)) return;
    this.#idle.push(buffer);
  };
}
