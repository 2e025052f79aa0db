declare module 'cli-table3/src/utils.js' {
  /** The columns that a text takes in a terminal. */
  export function strlen(text: string): number;
}
