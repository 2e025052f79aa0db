/**
 * Makes sets of names that hold little: hundreds of maps of a resource name nearly the same thousands of objects.
 *
 * @param all what a set may have; other names are left out
 */
export function nameSets(all: readonly string[]): (names: Iterable<string>) => Iterable<string> {
  const numbers = new Map(all.map((name, number) => [name, number]));
  return (names) => {
    const bits = new Uint8Array(Math.ceil(all.length / 8));
    let count = 0;
    for (const name of names) {
      const number = numbers.get(name);
      if (number === undefined) continue;
      bits[number >> 3] = (bits[number >> 3] ?? 0) | (1 << (number & 7));
      count += 1;
    }
    const set = () => numbersIn(bits);
    // Four bytes a name are less where it has few of many.
    const few = 4 * count < bits.length ? Uint32Array.from(set()) : undefined;
    return namesOf(all, few === undefined ? { [Symbol.iterator]: set } : few);
  };
}

function namesOf(all: readonly string[], numbers: Iterable<number>): Iterable<string> {
  return {
    *[Symbol.iterator]() {
      for (const number of numbers) yield all[number] ?? '';
    },
  };
}

function* numbersIn(bits: Uint8Array): Generator<number, void> {
  for (const [at, byte] of bits.entries())
    for (let bit = 0; byte >> bit > 0; bit += 1) if (((byte >> bit) & 1) === 1) yield at * 8 + bit;
}
