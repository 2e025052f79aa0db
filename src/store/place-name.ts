/** A place as an input names it. */
export type PlaceName =
  | { readonly kind: 'directory'; readonly path: string }
  | { readonly kind: 'artifact' }
  | { readonly kind: 'release' };

const DIRECTORY = 'directory:';

/** @returns undefined if it names no place; each input decides which places it takes */
export function parsePlace(text: string): PlaceName | undefined {
  if (text === 'artifact' || text === 'release') return { kind: text };
  if (!text.startsWith(DIRECTORY) || text === DIRECTORY) return undefined;
  return { kind: 'directory', path: text.slice(DIRECTORY.length) };
}
