declare module 'cli-table3/src/utils.js' {
  /** Columns that it takes in a terminal. */
  export function strlen(text: string): number;
}
