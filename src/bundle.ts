/**
 * What `dist/index.js` exports. Everything behind it is imported lazily, so that an action pays only for its own code;
 * the stubs beside it are two lines each and pick one.
 */
export const cli = async (words: readonly string[]): Promise<number> =>
  (await import('./cli.ts')).main(words);
export const run = async (name: string): Promise<void> => (await import('./main.ts')).run(name);
export const post = async (name: string): Promise<void> => (await import('./main.ts')).post(name);
