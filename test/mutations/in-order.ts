/** jest's sequencer: tests run as they are named, those that mostly catch first. */
export default class InOrder {
  sort<T>(tests: readonly T[]): readonly T[] {
    return tests;
  }

  /** jest would keep how long each took, to order by. */
  cacheResults(): void {}
}
