/** "1 volume", "2 volumes". */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** "a", "a or b", "a, b or c". */
export function or(words: readonly string[]): string {
  return words.join(', ').replace(/, ([^,]*)$/, ' or $1');
}

/**
 * A time as people read it: "2026-11-26 02:13 UTC".
 *
 * @param time milliseconds
 */
export function toMinute(time: number): string {
  return `${new Date(time).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

/**
 * A time that tells one restore point from the next: "2026-11-26T02:13:07Z".
 *
 * @param time milliseconds
 */
export function toSecond(time: number): string {
  return `${new Date(time).toISOString().slice(0, 19)}Z`;
}
